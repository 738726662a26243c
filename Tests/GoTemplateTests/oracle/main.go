// Writes typed-view.jsonl: the results of Go's text/template over structs, one case a line.
//
//	go run . > ../cases/typed-view.jsonl
//
// Every path is put into every frame over full data, and into two of three frames over data that is empty or nearly
// empty. Templates that print an address are left out; their output differs for a second copy of the data. A line is an
// array: the number of the data, the template, its output, and its error if it failed. A line that is an object is the
// data of the lines below it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"

	"oracle/inject"
)

var data = []string{
	`{"metadata":{"name":"web","generation":3,"labels":{"app":"a","tier":"front"},"finalizers":["x","y"]},` +
		`"spec":{"containers":[{"name":"app","image":"i:1","args":["-a","b c"],"ports":[{"name":"http","containerPort":80},` +
		`{"containerPort":443}],"securityContext":{"runAsUser":1337,"privileged":false}},{"name":"other"}],` +
		`"serviceAccountName":"sa","hostNetwork":true,"grace":30,"nodeSelector":{"disk":"ssd"}},` +
		`"proxyConfig":{"configPath":"/etc/proxy","concurrency":2,"tracing":{"sampling":1.5,"tags":{"a":"b"}},` +
		`"metadata":{"M":"1"},"mode":"TPROXY"},"values":{"hub":"h","n":"5","list":["a","b"],"inner":{"k":"v"},"t":true}}`,
	`{}`,
	`{"spec":{"containers":[{"name":"","securityContext":{}}]},"proxyConfig":{}}`,
}

var paths = []string{
	".", ".ObjectMeta", ".Name", ".ObjectMeta.Name", ".Generation", ".Labels", ".Labels.app", ".Labels.none",
	".ObjectMeta.Annotations", ".Finalizers", ".Nothing", ".name", ".Name.Length", ".Labels.app.x",
	".Spec", ".Spec.Containers", ".Spec.ServiceAccountName", ".Spec.HostNetwork", ".Spec.Grace", ".Spec.NodeSelector",
	".Spec.NodeSelector.disk", ".Spec.Nothing", ".Spec.Containers.Name",
	"(index .Spec.Containers 0)", "(index .Spec.Containers 0).Name", "(index .Spec.Containers 0).Args",
	"(index .Spec.Containers 0).Ports", "(index .Spec.Containers 0).SecurityContext",
	"(index .Spec.Containers 0).SecurityContext.RunAsUser", "(index .Spec.Containers 0).SecurityContext.Privileged",
	"(index (index .Spec.Containers 0).Ports 1)", "(index (index .Spec.Containers 0).Ports 1).ContainerPort",
	"(index .Spec.Containers 1).SecurityContext", "(index .Spec.Containers 1).SecurityContext.RunAsUser",
	".ProxyConfig", ".ProxyConfig.ConfigPath", ".ProxyConfig.GetConfigPath", ".ProxyConfig.Concurrency",
	".ProxyConfig.Tracing", ".ProxyConfig.Tracing.Sampling", ".ProxyConfig.GetTracing", ".ProxyConfig.GetTracing.Sampling",
	".ProxyConfig.GetTracing.GetSampling", ".ProxyConfig.GetTracing.GetTags", ".ProxyConfig.GetTracing.GetTags.a",
	".ProxyConfig.Metadata", ".ProxyConfig.Mode", ".ProxyConfig.Mode.String", ".ProxyConfig.GetMode",
	".ProxyConfig.GetMode.String", ".ProxyConfig.GetNothing", ".ProxyConfig.Mode.Nothing",
	".Values", ".Values.hub", ".Values.none", ".Values.none.deeper", ".Values.inner", ".Values.inner.k", ".Values.list",
	"$.ObjectMeta.Labels.tier", "(len .Spec.Containers)",
}

var frames = []string{
	"{{P}}", `{{printf "%v" P}}`, `{{printf "%+v" P}}`, `{{printf "%T" P}}`, `{{printf "%d" P}}`, `{{printf "%s" P}}`,
	`{{printf "%q" P}}`, `{{printf "%x" P}}`, `{{printf "%t" P}}`, `{{printf "%5v|%-5v|" P P}}`, `{{printf "%#v" P}}`,
	"{{if P}}yes{{else}}no{{end}}", "{{with P}}{{.}}{{else}}none{{end}}", "{{range P}}[{{.}}]{{else}}none{{end}}",
	"{{range $k, $v := P}}{{$k}}={{$v}};{{else}}none{{end}}", "{{len P}}", "{{index P 0}}", "{{index P 9}}",
	`{{index P "app"}}`, `{{index P "app" "x"}}`, "{{slice P 1}}", `{{eq P ""}}`, `{{eq P "web" "TPROXY"}}`, "{{eq P 0}}",
	"{{eq P 2}}", "{{eq P nil}}", "{{eq P true}}", "{{eq P P}}", `{{ne P "a"}}`, "{{lt P 10}}", `{{lt P "z"}}`,
	"{{not P}}", `{{and P "x"}}`, `{{or P "x"}}`, "{{print P P}}", "{{println P}}", "{{html P}}", "{{urlquery P}}",
	`{{P | printf "%v!"}}`, "{{$x := P}}{{$x}}", "{{P 1}}", "{{call P}}",
}

func main() {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for number, raw := range data {
		var value, copied inject.Data
		for _, target := range []*inject.Data{&value, &copied} {
			if err := json.Unmarshal([]byte(raw), target); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		fmt.Println(raw)
		for _, path := range paths {
			for place, frame := range frames {
				if number > 0 && place%3 == number {
					continue
				}
				write(out, number, strings.ReplaceAll(frame, "P", path), &value, &copied)
			}
		}
	}
}

func write(out *json.Encoder, number int, text string, value, copied *inject.Data) {
	parsed, err := template.New("t").Parse(text)
	if err != nil {
		return
	}
	output, message := render(parsed, value)
	if again, other := render(parsed, copied); again != output || other != message {
		return
	}
	line := []any{number, text, output}
	if message != "" {
		line = append(line, message)
	}
	if err := out.Encode(line); err != nil {
		os.Exit(1)
	}
}

func render(parsed *template.Template, value *inject.Data) (output, message string) {
	var buffer bytes.Buffer
	if err := parsed.Execute(&buffer, value); err != nil {
		message = err.Error()
	}
	return buffer.String(), message
}
