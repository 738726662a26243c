// Package v1alpha1 has structs with the shape and names of the types of Istio's mesh configuration.
package v1alpha1

import "encoding/json"

type Mode int32

var names = []string{"REDIRECT", "TPROXY", "NONE"}

func (m Mode) String() string { return names[m] }

func (m *Mode) UnmarshalJSON(raw []byte) error {
	var name string
	if err := json.Unmarshal(raw, &name); err != nil {
		return err
	}
	for i, known := range names {
		if known == name {
			*m = Mode(i)
		}
	}
	return nil
}

type Tracing struct {
	Sampling float64           `json:"sampling,omitempty"`
	Tags     map[string]string `json:"tags,omitempty"`
}

func (t *Tracing) GetSampling() float64 {
	if t == nil {
		return 0
	}
	return t.Sampling
}

func (t *Tracing) GetTags() map[string]string {
	if t == nil {
		return nil
	}
	return t.Tags
}

type ProxyConfig struct {
	ConfigPath  string            `json:"configPath,omitempty"`
	Concurrency int32             `json:"concurrency,omitempty"`
	Tracing     *Tracing          `json:"tracing,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Mode        Mode              `json:"mode,omitempty"`
}

func (p *ProxyConfig) GetConfigPath() string {
	if p == nil {
		return ""
	}
	return p.ConfigPath
}

func (p *ProxyConfig) GetTracing() *Tracing {
	if p == nil {
		return nil
	}
	return p.Tracing
}

func (p *ProxyConfig) GetMode() Mode {
	if p == nil {
		return 0
	}
	return p.Mode
}
