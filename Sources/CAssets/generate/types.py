#!/usr/bin/env python3
"""Turns facts about Go types and defaults into the tables that are embedded.

    types.py SCHEMA-FOLDER OUTPUT-FOLDER

README.md describes the input.

Input: kubernetes-pod-types-*.json, mesh-config-types.json and mesh-config-defaults-*.yaml (needs PyYAML).
Output: classic.mesh.json and modern.mesh.json, the defaults of the mesh configuration; classic.types and modern.types, lines of tab-separated columns in three parts:
    KIND NAME [ELEMENT]          a type; its number is that of the line, from 0
    =NUMBER                      the body of a struct or an enum follows; what it embeds has its body before
    .GO JSON TYPE FLAGS [KEY]    a field; flags: o omitempty, i inline, m merge, r retainKeys, x one of several,
                                 g has a getter; KEY is the merge key
    !METHODS                     letters: s String, v Value, z IsZero, g GetValue
    +NAME NUMBER                 a value of an enum
    d                            protoToJSON leaves out what equals the defaults
Kinds: s struct, * pointer, [ slice, m map, t string, b bool, i int, f float, y bytes, q quantity, o int or string,
c time, d duration, w wrapper, e enum, a any.
"""
import json
import sys

import yaml

SCALARS = {
    "string": "t", "bool": "b", "int": "i", "int32": "i", "int64": "i", "uint8": "i", "uint32": "i", "uint64": "i",
    "float64": "f", "interface {}": "a",
}
SPECIAL = {
    "resource.Quantity": "q", "intstr.IntOrString": "o", "time.Time": "c", "v1.Time": "c", "v1.FieldsV1": "a",
}
WRAPPERS = {
    "BoolValue": "bool", "Int32Value": "int32", "Int64Value": "int64", "UInt32Value": "uint32",
    "UInt64Value": "uint64", "DoubleValue": "float64", "StringValue": "string",
}

# Fields of the mesh configuration that only older releases had, with the place where they stood.
# (after which field, JSON name, Go name, type)
OLD_PROXY_FIELDS = [
    ("drainDuration", "parentShutdownDuration", "ParentShutdownDuration", "google.protobuf.Duration"),
    ("discoveryRefreshDelay", "connectTimeout", "ConnectTimeout", "google.protobuf.Duration"),
]
OLD_MESH_FIELDS = [
    (None, "mixerCheckServer", "MixerCheckServer", "string"),
    ("mixerCheckServer", "mixerReportServer", "MixerReportServer", "string"),
    ("mixerReportServer", "disablePolicyChecks", "DisablePolicyChecks", "bool"),
    ("disablePolicyChecks", "disableMixerHttpReports", "DisableMixerHttpReports", "bool"),
    ("disableMixerHttpReports", "policyCheckFailOpen", "PolicyCheckFailOpen", "bool"),
    ("policyCheckFailOpen", "sidecarToTelemetrySessionAffinity", "SidecarToTelemetrySessionAffinity", "bool"),
    ("ingressControllerMode", "authPolicy", "AuthPolicy", "enum istio.mesh.v1alpha1.MeshConfig.AuthPolicy"),
    ("authPolicy", "rdsRefreshDelay", "RdsRefreshDelay", "google.protobuf.Duration"),
    ("outboundTrafficPolicy", "enableClientSidePolicyCheck", "EnableClientSidePolicyCheck", "bool"),
    ("enableClientSidePolicyCheck", "sdsUdsPath", "SdsUdsPath", "string"),
    ("sdsUdsPath", "sdsRefreshDelay", "SdsRefreshDelay", "google.protobuf.Duration"),
    ("enableAutoMtls", "enableSdsTokenMount", "EnableSdsTokenMount", "bool"),
    ("enableSdsTokenMount", "sdsUseK8sSaJwt", "SdsUseK8SSaJwt", "bool"),
    ("dnsRefreshRate", "disableReportBatch", "DisableReportBatch", "bool"),
    ("disableReportBatch", "reportBatchMaxEntries", "ReportBatchMaxEntries", "uint32"),
    ("reportBatchMaxEntries", "reportBatchMaxTime", "ReportBatchMaxTime", "google.protobuf.Duration"),
    ("certificates", "thriftConfig", "ThriftConfig", "istio.mesh.v1alpha1.MeshConfig.ThriftConfig"),
]
OLD_ENUMS = {"istio.mesh.v1alpha1.MeshConfig.AuthPolicy": {"NONE": 0, "MUTUAL_TLS": 1, "INHERIT": 1000}}
OLD_MESSAGES = {
    "istio.mesh.v1alpha1.MeshConfig.ThriftConfig": {
        "fields": [
            {"json": "rateLimitUrl", "go": "RateLimitUrl", "type": "string"},
            {"json": "rateLimitTimeout", "go": "RateLimitTimeout", "type": "google.protobuf.Duration"},
        ]
    }
}


class Table:
    def __init__(self, kubernetes, mesh, classic):
        self.kubernetes, self.mesh, self.classic = kubernetes, mesh, classic
        self.lines, self.numbers, self.bodies, self.written = [], {}, [], set()

    def add(self, kind, name, element=None):
        """The number of a type, which is made on first use."""
        if name not in self.numbers:
            number = self.numbers[name] = len(self.lines)
            self.lines.append(None)
            # Element first reserved, then described: types may be circular.
            inner = element() if element else None
            self.lines[number] = "\t".join([kind, name] + ([str(inner)] if inner is not None else []))
        return self.numbers[name]

    def go_type(self, text):
        if text.startswith("*"):
            return self.add("*", text, lambda: self.go_type(text[1:]))
        if text == "[]uint8":
            return self.add("y", text)
        if text.startswith("[]"):
            return self.add("[", text, lambda: self.go_type(text[2:]))
        if text.startswith("map["):
            return self.add("m", text, lambda: self.go_type(text.split("]", 1)[1]))
        if text == "v1.ResourceList":
            return self.add("m", text, lambda: self.go_type("resource.Quantity"))
        if text in SPECIAL:
            number = self.add(SPECIAL[text], text)
            self.body(number, self.kubernetes[text])
            return number
        if text in SCALARS:
            return self.add(SCALARS[text], text)
        entry = self.kubernetes[text]
        if entry["kind"] != "struct":
            return self.add(SCALARS[entry["kind"]], text)
        number = self.add("s", text)
        self.body(number, entry)
        return number

    def body(self, number, entry):
        if number in self.written:
            return
        self.written.add(number)
        getters = {m.split()[0] for m in entry.get("methods") or []}
        lines = []
        for field in entry.get("fields") or []:
            go_type = field["type"]
            if go_type in ("v1.Object", "time.Time", "[]uint8") and field.get("json", "-") == "-":
                continue
            json_name = field.get("json", "" if field.get("inline") else field["go"])
            flags = "o" * bool(field.get("omitempty")) + "i" * bool(field.get("inline"))
            strategies = (field.get("patchStrategy") or "").split(",")
            flags += "m" * ("merge" in strategies) + "r" * ("retainKeys" in strategies)
            flags += "g" * ("Get" + field["go"] in getters)
            columns = ["." + field["go"], "" if json_name == "-" else json_name, str(self.go_type(go_type)), flags]
            lines.append("\t".join(columns + ([field["patchMergeKey"]] if field.get("patchMergeKey") else [])))
        # The generated String of a Kubernetes struct prints its insides and has a pointer receiver: what a template
        # prints of a struct is nearly always the plain form. Only scalars in JSON keep it.
        letters = "".join(
            l for l, m in (("s", "String"), ("v", "Value"), ("z", "IsZero"))
            if m in getters and (l != "s" or self.lines[number][0] != "s"))
        if letters:
            lines.append("!" + letters)
        if lines:
            # Bodies of embedded structs were appended while their fields' types were made.
            self.bodies.append("\n".join([f"={number}"] + lines))

    def struct(self, name, fields):
        """A struct of this table's own: (Go name, JSON name, type)."""
        number = self.add("s", name)
        lines = [f"={number}"]
        lines += ["\t".join(["." + go, key, str(self.any_type(kind)), ""]) for go, key, kind in fields]
        self.bodies.append("\n".join(lines))
        return number

    def any_type(self, text):
        return self.go_type(text) if not text.startswith("@") else self.message_pointer(text[1:])

    # Protobuf

    def proto_name(self, full):
        parts = full.split(".")
        version = next(i for i, part in enumerate(parts) if part.startswith("v1"))
        return parts[version] + "." + "_".join(parts[version + 1:])

    def proto_type(self, text):
        if text.startswith("enum "):
            return self.enumeration(text[5:])
        if text.startswith("google.protobuf."):
            short = text.rsplit(".", 1)[1]
            package = "types" if self.classic else {"Duration": "durationpb"}.get(short, "wrapperspb")
            if short in ("Struct", "Value", "ListValue"):
                return self.go_type("interface {}")
            if short == "Duration":
                name = f"{package}.Duration"
                return self.add("*", "*" + name, lambda: self.add("d", name))
            name = f"{package}.{short}"
            return self.add("*", "*" + name, lambda: self.wrapper(name, WRAPPERS[short]))
        if text == "double":
            return self.go_type("float64")
        if text in SCALARS:
            return self.go_type(text)
        return self.message_pointer(text)

    def wrapper(self, name, inner):
        number = self.add("w", name, lambda: self.go_type(inner))
        if number not in self.written:
            self.written.add(number)
            self.bodies.append(f"={number}\n!gs")
        return number

    def enumeration(self, full):
        if full == "google.protobuf.NullValue":
            return self.go_type("interface {}")
        number = self.add("e", self.proto_name(full))
        if number not in self.written:
            self.written.add(number)
            values = self.mesh["enums"][full]
            lines = [f"={number}", "!s"] + [f"+{name}\t{values[name]}" for name in sorted(values, key=values.get)]
            self.bodies.append("\n".join(lines))
        return number

    def message_pointer(self, full):
        name = self.proto_name(full)
        return self.add("*", "*" + name, lambda: self.message(full))

    def message(self, full):
        number = self.add("s", self.proto_name(full))
        if number in self.written:
            return number
        self.written.add(number)
        lines = []
        for field in self.mesh["messages"][full]["fields"] or []:
            inner = field["type"]
            if field.get("map"):
                key, value = inner.split(",")
                element = self.proto_type(value)
                element_name = self.lines[element].split("\t")[1] if self.lines[element] else self.proto_go(value)
                kind = self.add("m", f"map[{key}]{element_name}", lambda: element)
            elif field.get("list"):
                element = self.proto_type(inner)
                element_name = self.lines[element].split("\t")[1] if self.lines[element] else self.proto_go(inner)
                kind = self.add("[", "[]" + element_name, lambda: element)
            else:
                kind = self.proto_type(inner)
            flags = "og" + "x" * bool(field.get("oneof"))
            lines.append("\t".join(["." + field["go"], field["json"], str(kind), flags]))
        self.bodies.append("\n".join([f"={number}"] + lines + ["!s"] + ["d"] * full.endswith(".ProxyConfig")))
        return number

    def proto_go(self, full):
        return "*" + self.proto_name(full)


def insert(fields, old):
    for after, json_name, go, kind in old:
        names = [f["json"] for f in fields]
        place = names.index(after) + 1 if after else 0
        fields.insert(place, {"json": json_name, "go": go, "type": kind})


def read(folder, name, parse=json.load):
    try:
        with open(f"{folder}/{name}") as file:
            return parse(file)
    except OSError as error:
        sys.exit(f"types: {folder}/{name} cannot be read: {error.strerror}")
    except ValueError as error:
        sys.exit(f"types: {folder}/{name} is not JSON: {error}")


def main(schema, output):
    for form, version in (("classic", "0.18"), ("modern", "0.36")):
        classic = form == "classic"
        mesh = read(schema, "mesh-config-types.json")
        if classic:
            proxy = mesh["messages"]["istio.mesh.v1alpha1.ProxyConfig"]["fields"]
            insert(proxy, OLD_PROXY_FIELDS)
            for field in proxy:
                if field["json"] in ("serviceCluster", "tracingServiceName"):
                    field.pop("oneof", None)
                if field["json"] == "concurrency":
                    field["type"] = "int32"
            insert(mesh["messages"]["istio.mesh.v1alpha1.MeshConfig"]["fields"], OLD_MESH_FIELDS)
            mesh["enums"].update(OLD_ENUMS)
            mesh["messages"].update(OLD_MESSAGES)
        table = Table(read(schema, f"kubernetes-pod-types-{version}.json"), mesh, classic)
        table.go_type("v1.Pod")
        pointer = "*" if classic else ""
        data = [("TypeMeta", pointer + "v1.TypeMeta")]
        if classic:
            data.append(("DeploymentMeta", "*v1.ObjectMeta"))
            spec = [
                ("PodRedirectAnnot", "podRedirectAnnot", "map[string]string"),
                ("RewriteAppHTTPProbe", "rewriteAppHTTPProbe", "bool"),
                ("InitContainers", "initContainers", "[]v1.Container"),
                ("Containers", "containers", "[]v1.Container"),
                ("Volumes", "volumes", "[]v1.Volume"),
                ("DNSConfig", "dnsConfig", "*v1.PodDNSConfig"),
                ("ImagePullSecrets", "imagePullSecrets", "[]v1.LocalObjectReference"),
            ]
            table.struct("inject.SidecarInjectionSpec", spec)
        else:
            table.struct("types.NamespacedName", [("Namespace", "namespace", "string"), ("Name", "name", "string")])
            table.kubernetes["types.NamespacedName"] = {"kind": "struct"}
            table.written.add(table.numbers["types.NamespacedName"])
            table.bodies[-1] += "\n!s"
            data.append(("DeploymentMeta", "types.NamespacedName"))
        data += [
            ("ObjectMeta", pointer + "v1.ObjectMeta"), ("Spec", pointer + "v1.PodSpec"),
            ("ProxyConfig", "@istio.mesh.v1alpha1.ProxyConfig"), ("MeshConfig", "@istio.mesh.v1alpha1.MeshConfig"),
            ("Values", "map[string]interface {}"),
        ]
        if not classic:
            data += [
                ("Revision", "string"), ("NativeSidecars", "bool"), ("ProxyImage", "string"),
                ("ProxyInitImage", "string"), ("ProxyUID", "int64"), ("ProxyGID", "int64"),
                ("InboundTrafficPolicyMode", "string"), ("CompliancePolicy", "string"),
            ]
        table.struct("inject.SidecarTemplateData", [(name, name, kind) for name, kind in data])
        with open(f"{output}/{form}.types", "w") as file:
            file.write("\n".join(table.lines + table.bodies) + "\n")
        release = "1.6" if classic else "1.32"
        defaults = read(schema, f"mesh-config-defaults-{release}.yaml", yaml.safe_load)
        with open(f"{output}/{form}.mesh.json", "w") as file:
            file.write(json.dumps(defaults, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: types.py SCHEMA-FOLDER OUTPUT-FOLDER")
    main(sys.argv[1], sys.argv[2])
