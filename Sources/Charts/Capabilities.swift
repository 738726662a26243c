import PluginAPI
import Values

/// The data of `.Capabilities`: the Kubernetes version and the API versions that a chart can rely on, and Helm's
/// version.
public struct Capabilities: Sendable, Equatable {
    /// The Kubernetes version, for example `v1.37.0`.
    public private(set) var kubeVersion: String
    /// The same without the suffix after the numbers.
    private var release: String
    private var major: String
    private var minor: String
    public var apiVersions: [String]

    /// Creates the capabilities of a cluster of the version that Helm 4.3 was built for.
    public init() {
        (kubeVersion, release, major, minor) = ("v1.37.0", "v1.37.0", "1", "37")
        apiVersions = Capabilities.standardVersions
    }

    /// Sets the Kubernetes version, for example `1.30` or `v1.30.2-gke.5`.
    public mutating func set(kubeVersion text: String) throws(ChartError) {
        guard let version = try? SemanticVersion(text) else {
            throw ChartError(
                .values, "invalid kube version '\(text)': could not parse \"\(text)\" as version")
        }
        guard text.contains(byte: ".") else {
            throw ChartError(.values, "invalid kube version '\(text)': illegal version string \"\(text)\"")
        }
        kubeVersion = text.begins(with: "v") ? text : "v" + text
        release = "v" + kubeVersion.dropFirst().prefix { $0.isNumber || $0 == "." }
        (major, minor) = (String(version.major), String(version.minor))
    }

    /// The value of `.Capabilities`: a pointer to a struct whose list of versions has the method `Has`.
    func data() -> SharedData {
        let value: Value = [
            "KubeVersion": [
                "Version": .string(kubeVersion), "release": .string(release), "Major": .string(major),
                "Minor": .string(minor),
            ],
            "APIVersions": .array(apiVersions.map { .string($0) }),
            "HelmVersion": Capabilities.helmVersion,
        ]
        return .typed(value, Capabilities.type)
    }

    /// The Helm release whose behaviour Pillion follows, with the fields that templates read.
    private static let helmVersion: Value = [
        "version": "v4.3.1", "git_commit": "c0d08d0d6d9424d4a14febb5e8a3e51b0dd00dff",
        "git_tree_state": "clean",
        "go_version": "go1.27.2", "kube_client_version": "v1.37",
    ]

    private static let text = ObjectType(name: "string", kind: .string)

    private static func structure(
        _ name: String, _ fields: [(name: String, json: String, type: ObjectType)],
        methods: [String: ObjectType.Method] = [:]
    ) -> ObjectType {
        let type = ObjectType(name: name, kind: .structure)
        type.complete(
            fields: fields.map { ObjectType.Field(name: $0.name, jsonName: $0.json, type: $0.type) },
            methods: methods)
        return type
    }

    private static let type: ObjectType = {
        let version = ObjectMethod(parameters: 0) { value, _ in .value(value["Version"] ?? "") }
        let release = ObjectMethod(parameters: 0) { value, _ in .value(value["release"] ?? "") }
        let kube = structure(
            "common.KubeVersion",
            [
                ("Version", "Version", text), ("release", "release", text), ("Major", "Major", text),
                ("Minor", "Minor", text),
            ],
            methods: ["GitVersion": .function(version), "String": .function(release)])
        let versions = ObjectType(name: "common.VersionSet", kind: .slice)
        let has = ObjectMethod(parameters: 1) { value, arguments in
            .value(.bool((value.array ?? []).contains(.string(arguments[0]))))
        }
        versions.complete(element: text, methods: ["Has": .function(has)])
        let helm = structure(
            "version.BuildInfo",
            [
                ("Version", "version", text), ("GitCommit", "git_commit", text),
                ("GitTreeState", "git_tree_state", text), ("GoVersion", "go_version", text),
                ("KubeClientVersion", "kube_client_version", text),
            ])
        let capabilities = structure(
            "common.Capabilities",
            [
                ("KubeVersion", "KubeVersion", kube), ("APIVersions", "APIVersions", versions),
                ("HelmVersion", "HelmVersion", helm),
            ])
        let pointer = ObjectType(name: "*common.Capabilities", kind: .pointer)
        pointer.complete(element: capabilities)
        return pointer
    }()

    /// The API versions of the client that Helm 4.3 is built with, in its order.
    private static let standardVersions = [
        "v1", "admissionregistration.k8s.io/v1", "admissionregistration.k8s.io/v1alpha1",
        "admissionregistration.k8s.io/v1beta1", "internal.apiserver.k8s.io/v1alpha1", "apps/v1",
        "apps/v1beta1", "apps/v1beta2", "authentication.k8s.io/v1", "authentication.k8s.io/v1alpha1",
        "authentication.k8s.io/v1beta1", "authorization.k8s.io/v1", "authorization.k8s.io/v1beta1",
        "autoscaling/v1", "autoscaling/v2", "batch/v1", "batch/v1beta1", "certificates.k8s.io/v1",
        "certificates.k8s.io/v1beta1", "certificates.k8s.io/v1alpha1", "coordination.k8s.io/v1alpha2",
        "coordination.k8s.io/v1beta1", "coordination.k8s.io/v1", "discovery.k8s.io/v1",
        "discovery.k8s.io/v1beta1", "events.k8s.io/v1", "events.k8s.io/v1beta1", "extensions/v1beta1",
        "flowcontrol.apiserver.k8s.io/v1", "flowcontrol.apiserver.k8s.io/v1beta1",
        "flowcontrol.apiserver.k8s.io/v1beta2", "flowcontrol.apiserver.k8s.io/v1beta3",
        "lifecycle.k8s.io/v1alpha1", "networking.k8s.io/v1", "networking.k8s.io/v1beta1", "node.k8s.io/v1",
        "node.k8s.io/v1alpha1", "node.k8s.io/v1beta1", "policy/v1", "policy/v1beta1",
        "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1",
        "rbac.authorization.k8s.io/v1alpha1", "resource.k8s.io/v1", "resource.k8s.io/v1beta2",
        "resource.k8s.io/v1beta1", "resource.k8s.io/v1alpha3", "scheduling.k8s.io/v1alpha3",
        "scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1", "storage.k8s.io/v1beta1", "storage.k8s.io/v1",
        "storage.k8s.io/v1alpha1", "storagemigration.k8s.io/v1", "storagemigration.k8s.io/v1beta1",
        "apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1",
    ]
}
