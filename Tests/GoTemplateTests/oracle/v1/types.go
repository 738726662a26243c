// Package v1 has structs with the shape and names of Kubernetes' types, because Go prints the names.
package v1

type ObjectMeta struct {
	Name        string            `json:"name,omitempty"`
	Generation  int64             `json:"generation,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Finalizers  []string          `json:"finalizers,omitempty"`
}

type Port struct {
	Name          string `json:"name,omitempty"`
	ContainerPort int32  `json:"containerPort"`
}

type SecurityContext struct {
	RunAsUser  *int64 `json:"runAsUser,omitempty"`
	Privileged *bool  `json:"privileged,omitempty"`
}

type Container struct {
	Name            string           `json:"name"`
	Image           string           `json:"image,omitempty"`
	Args            []string         `json:"args,omitempty"`
	Ports           []Port           `json:"ports,omitempty"`
	SecurityContext *SecurityContext `json:"securityContext,omitempty"`
}

type PodSpec struct {
	Containers         []Container       `json:"containers"`
	ServiceAccountName string            `json:"serviceAccountName,omitempty"`
	HostNetwork        bool              `json:"hostNetwork,omitempty"`
	Grace              *int64            `json:"grace,omitempty"`
	NodeSelector       map[string]string `json:"nodeSelector,omitempty"`
}
