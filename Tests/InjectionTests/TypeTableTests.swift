import PluginAPI
import TestSupport
import Testing
import Values

@testable import Injection

@Suite struct TypeTableTests {
    static let tables = [TypeTable.classic, TypeTable.modern]

    @Test(arguments: tables) func rootsAreThere(table: TypeTable) {
        #expect(table.pod.members.map(\.jsonName) == ["kind", "apiVersion", "metadata", "spec", "status"])
        #expect(table.podSpec.name == "v1.PodSpec")
        #expect(table.objectMeta.methods["GetLabels"] != nil)
        #expect(table.container.memberIndex(of: "volumeMounts") != nil)
        #expect(
            table.volume.memberIndex(of: "emptyDir") != nil, "expected a member of the inline VolumeSource")
        #expect(table.meshConfig.memberIndex(of: "defaultConfig") != nil)
        #expect(table.proxyConfig.protoDefaults?["drainDuration"] == "45s")
        #expect(table.type(named: "no.Such") == nil)
    }

    @Test func formsDiffer() {
        func proxyField(_ table: TypeTable, _ name: String) -> ObjectType.Field? {
            table.proxyConfig.memberIndex(of: name).map { table.proxyConfig.members[$0] }
        }
        #expect(proxyField(.classic, "concurrency")?.type.kind == .int)
        #expect(proxyField(.modern, "concurrency")?.type.name == "*wrapperspb.Int32Value")
        #expect(proxyField(.modern, "parentShutdownDuration") == nil)
        #expect(TypeTable.classic.proxyConfig.fieldIndex["ServiceCluster"] != nil)
        #expect(
            TypeTable.modern.proxyConfig.fieldIndex["ServiceCluster"] == nil,
            "expected no field of an interface")
        #expect(TypeTable.modern.proxyConfig.methods["GetServiceCluster"] != nil)
        #expect(TypeTable.classic.meshConfig.memberIndex(of: "sdsUdsPath") != nil)
        #expect(TypeTable.modern.meshConfig.memberIndex(of: "sdsUdsPath") == nil)
        #expect(TypeTable.classic.container.memberIndex(of: "restartPolicy") == nil)
        #expect(TypeTable.modern.container.memberIndex(of: "restartPolicy") != nil)
        let order = TypeTable.classic.proxyConfig.members.map(\.jsonName)
        #expect(order.firstIndex(of: "drainDuration").map { order[$0 + 1] } == "parentShutdownDuration")
        #expect(order.firstIndex(of: "statNameLength").map { order[$0 + 1] } == "concurrency")
        #expect(order.firstIndex(of: "interceptionMode").map { order[$0 + 1] } == "tracing")
    }

    @Test func templateDataHasItsFields() {
        let old = ["TypeMeta", "DeploymentMeta", "ObjectMeta", "Spec", "ProxyConfig", "MeshConfig", "Values"]
        let new = [
            "Revision", "NativeSidecars", "ProxyImage", "ProxyInitImage", "ProxyUID", "ProxyGID",
            "InboundTrafficPolicyMode", "CompliancePolicy",
        ]
        #expect(TypeTable.classic.templateData.fields.map(\.name) == old)
        #expect(TypeTable.modern.templateData.fields.map(\.name) == old + new)
        let owner = TypeTable.modern.templateData.fields[1].type
        #expect(owner.members.map(\.jsonName) == ["namespace", "name"])
    }

    /// Finds every member of every type by its JSON name, and by no other name.
    @Test(arguments: tables) func membersAreFound(table: TypeTable) {
        for type in [
            table.pod, table.podSpec, table.container, table.volume, table.meshConfig, table.proxyConfig,
        ] {
            for (index, member) in type.members.enumerated() {
                #expect(type.memberIndex(of: member.jsonName) == index)
                #expect(type.memberIndex(of: member.jsonName + "x") == nil)
                #expect(type.memberIndexIgnoringCase(of: member.jsonName.uppercased()) != nil)
            }
            #expect(type.memberIndex(of: "") == nil)
        }
    }

    /// The embedded table has the same types as the schema.
    @Test(
        .needs(.goTypes),
        arguments: [("0.18", TypeTable.classic), ("0.36", TypeTable.modern)])
    func matchesTheSchema(version: String, table: TypeTable) throws {
        let path = CaseCollection.goTypes.path("kubernetes-pod-types-\(version).json")
        let schema = try #require(try JSON.read(text(of: path)).object)
        var checked = 0
        for entry in schema.members where entry.value["kind"] == "struct" {
            guard let type = table.type(named: entry.key), type.kind == .structure else { continue }
            for field in entry.value["fields"]?.array ?? [] {
                guard let name = field["go"]?.string, field["json"] != "-" else { continue }
                let found = try #require(type.fields.first { $0.name == name }, "\(entry.key).\(name)")
                #expect(found.jsonName == field["json"]?.string ?? (found.isInline ? "" : name))
                #expect(found.type.name == field["type"]?.string)
                #expect(found.omitEmpty == (field["omitempty"] == true))
                #expect(found.isInline == (field["inline"] == true))
                #expect(found.patchStrategy == field["patchStrategy"]?.string)
                #expect(found.patchMergeKey == field["patchMergeKey"]?.string)
                checked += 1
            }
        }
        #expect(checked > 400)
    }

    @Test(.needs(.goTypes))
    func meshMatchesTheSchema() throws {
        let schema = try JSON.read(text(of: CaseCollection.goTypes.path("mesh-config-types.json")))
        for (message, type) in [
            ("istio.mesh.v1alpha1.MeshConfig", TypeTable.modern.meshConfig),
            ("istio.mesh.v1alpha1.ProxyConfig", TypeTable.modern.proxyConfig),
        ] {
            let fields = try #require(schema["messages"]?[message]?["fields"]?.array)
            #expect(type.fields.map(\.name) == fields.compactMap { $0["go"]?.string })
            #expect(type.fields.map(\.jsonName) == fields.compactMap { $0["json"]?.string })
            #expect(type.fields.map(\.isOneOf) == fields.map { $0["oneof"] != nil })
            #expect(type.fields.allSatisfy { type.methods["Get" + $0.name] != nil })
        }
        let mode = try #require(TypeTable.modern.type(named: "v1alpha1.ProxyConfig_InboundInterceptionMode"))
        #expect(mode.enumeration.map(\.name) == ["REDIRECT", "TPROXY", "NONE"])
        #expect(mode.methods["String"] != nil)
    }
}
