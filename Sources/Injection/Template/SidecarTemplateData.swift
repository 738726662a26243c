import PluginAPI
import Values

/// Builds the data of an injection template: values with their Go types. Copies nothing.
///
/// Input: the parts of a request and of the Snapshot, unchanged. Output: the root of the template's data. Members that
/// templates can read but that are not in the JSON follow from the types (`TypeTable`).
enum SidecarTemplateData {
    static func classic(_ work: PodWork) -> TemplateData {
        let subject = work.subject
        let proxyConfig = work.settings.proxyConfig
        var mesh = work.snapshot.mesh.value
        mesh.modifyObject { $0["defaultConfig"] = proxyConfig }
        return classic(
            typeMeta: subject.owner.typeMeta, deploymentMeta: .object(subject.deploymentMetadata),
            objectMeta: .object(subject.visibleMetadata(subject.pod.metadata)),
            spec: .object(subject.pod.spec), proxyConfig: proxyConfig, meshConfig: mesh,
            values: work.snapshot.values)
    }

    /// - Parameter application: the pod without an earlier injection.
    static func modern(_ work: PodWork, _ application: Pod) -> TemplateData {
        let (snapshot, subject) = (work.snapshot, work.subject)
        let (values, proxyConfig) = (snapshot.values, work.settings.proxyConfig)
        let identity = snapshot.proxyIdentity(in: subject.namespace)
        return modern(
            typeMeta: subject.owner.typeMeta,
            deploymentMeta: [
                "name": .string(subject.owner.name),
                "namespace": .string(subject.deploymentMetadata.text("namespace")),
            ],
            objectMeta: .object(subject.visibleMetadata(application.metadata)),
            spec: .object(application.spec), proxyConfig: proxyConfig, meshConfig: snapshot.mesh.value,
            values: values,
            additions: Additions(
                revision: snapshot.options.revision, nativeSidecars: snapshot.options.nativeSidecars,
                proxyImage: ProxyImage.proxy(
                    values: values, proxyConfig: proxyConfig, annotations: application.annotations),
                proxyInitImage: ProxyImage.initialisation(
                    values: values, annotations: application.annotations),
                proxyUID: identity.user, proxyGID: identity.group,
                inboundTrafficPolicyMode: inboundTrafficPolicyMode(meshConfig: snapshot.mesh.value),
                compliancePolicy: snapshot.options.environment["COMPLIANCE_POLICY"] ?? ""))
    }

    static func classic(
        typeMeta: Value, deploymentMeta: Value, objectMeta: Value, spec: Value, proxyConfig: Value,
        meshConfig: Value, values: Value
    ) -> TemplateData {
        let members = [
            Member("TypeMeta", typeMeta), Member("DeploymentMeta", deploymentMeta),
            Member("ObjectMeta", objectMeta), Member("Spec", spec), Member("ProxyConfig", proxyConfig),
            Member("MeshConfig", meshConfig), Member("Values", values),
        ]
        return TemplateData(.object(Object(members)), type: TypeTable.classic.templateData)
    }

    /// The members that only the modern form has.
    struct Additions: Sendable {
        var revision: String
        var nativeSidecars: Bool
        var proxyImage: String
        var proxyInitImage: String
        var proxyUID: Int64 = 1337
        var proxyGID: Int64 = 1337
        /// `localhost` or `passthrough`
        var inboundTrafficPolicyMode: String
        /// From the environment variable COMPLIANCE_POLICY.
        var compliancePolicy: String = ""
    }

    /// - Parameters:
    ///   - typeMeta: an object with kind and apiVersion.
    ///   - deploymentMeta: an object with name and namespace.
    static func modern(
        typeMeta: Value, deploymentMeta: Value, objectMeta: Value, spec: Value, proxyConfig: Value,
        meshConfig: Value, values: Value, additions: Additions
    ) -> TemplateData {
        let members = [
            Member("TypeMeta", typeMeta), Member("DeploymentMeta", deploymentMeta),
            Member("ObjectMeta", objectMeta), Member("Spec", spec), Member("ProxyConfig", proxyConfig),
            Member("MeshConfig", meshConfig), Member("Values", values),
            Member("Revision", .string(additions.revision)),
            Member("NativeSidecars", .bool(additions.nativeSidecars)),
            Member("ProxyImage", .string(additions.proxyImage)),
            Member("ProxyInitImage", .string(additions.proxyInitImage)),
            Member("ProxyUID", .int(additions.proxyUID)), Member("ProxyGID", .int(additions.proxyGID)),
            Member("InboundTrafficPolicyMode", .string(additions.inboundTrafficPolicyMode)),
            Member("CompliancePolicy", .string(additions.compliancePolicy)),
        ]
        return TemplateData(.object(Object(members)), type: TypeTable.modern.templateData)
    }

    /// `localhost` or `passthrough`, from the mesh configuration.
    static func inboundTrafficPolicyMode(meshConfig: Value) -> String {
        meshConfig["inboundTrafficPolicy"]?["mode"] == "LOCALHOST" ? "localhost" : "passthrough"
    }
}
