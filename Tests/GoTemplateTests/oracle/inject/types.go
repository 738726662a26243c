// Package inject has the types of the data that a template is rendered over.
package inject

import (
	"oracle/v1"
	"oracle/v1alpha1"
)

type Data struct {
	v1.ObjectMeta `json:"metadata,omitempty"`
	Spec          *v1.PodSpec            `json:"spec,omitempty"`
	ProxyConfig   *v1alpha1.ProxyConfig  `json:"proxyConfig,omitempty"`
	Values        map[string]interface{} `json:"values,omitempty"`
}
