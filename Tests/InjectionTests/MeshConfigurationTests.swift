import PluginAPI
import Testing
import Values
import YAML

@testable import Injection

@Suite struct MeshConfigurationTests {
    private func compile(_ yaml: String, _ form: PolicyConfiguration.Form) throws -> MeshConfiguration {
        try MeshConfiguration.compile(try YAMLReader.value(yaml), form: form)
    }

    @Test func defaultsOfTheForms() throws {
        let classic = MeshConfiguration.defaults(.classic)
        #expect(classic.value["sdsUdsPath"] == "unix:./etc/istio/proxy/SDS")
        #expect(classic.proxyConfig["concurrency"] == 2)
        #expect(classic.proxyConfig["tracing"]?["zipkin"]?["address"] == "zipkin.istio-system:9411")
        #expect(classic.statusPort == 15020)
        let modern = MeshConfiguration.defaults(.modern)
        #expect(modern.proxyConfig["terminationDrainDuration"] == "5s")
        #expect(modern.proxyConfig["concurrency"] == nil)
        #expect(modern.value["enablePrometheusMerge"] == true)
        #expect(try compile("", .modern).value == modern.value)
        #expect(try compile("{}", .classic).value == classic.value)
    }

    @Test func defaultConfigIsMergedAndTheRestReplaced() throws {
        let mesh = try compile(
            """
            trustDomain: td
            localityLbSetting: {}
            defaultServiceExportTo: [a, b]
            defaultConfig:
              drainDuration: 23s
              tracing: {sampling: 50}
            """, .classic)
        #expect(mesh.value["trustDomain"] == "td")
        #expect(mesh.value["localityLbSetting"] == [:])
        #expect(mesh.value["defaultServiceExportTo"] == ["a", "b"])
        #expect(mesh.proxyConfig["drainDuration"] == "23s")
        #expect(mesh.proxyConfig["configPath"] == "./etc/istio/proxy")
        #expect(mesh.proxyConfig["tracing"] == ["sampling": 50])
        #expect(mesh.value["defaultConfig"] == mesh.proxyConfig)
        #expect(mesh.warnings.isEmpty)
    }

    /// Different spellings of a setting have the same result.
    @Test(arguments: [
        ("proxy_listen_port: 1", "proxyListenPort", "1"), ("proxyListenPort: \"7\"", "proxyListenPort", "7"),
        ("connectTimeout: 1.500s", "connectTimeout", "\"1.500s\""),
        ("connectTimeout: 010.0s", "connectTimeout", "\"10s\""),
        ("connectTimeout: 0.0000001s", "connectTimeout", "\"0.000000100s\""),
        ("ingressControllerMode: 1", "ingressControllerMode", "\"OFF\""),
        ("enableAutoMtls: false", "enableAutoMtls", "false"),
        ("enableAutoMtls: null", "enableAutoMtls", "true"),
        ("mesh_mTLS: {min_protocol_version: TLSV1_3}", "meshMTLS", #"{"minProtocolVersion":"TLSV1_3"}"#),
        ("proxyListenPort: 1.5e1", "proxyListenPort", "15"),
    ])
    func canonicalForms(yaml: String, member: String, expected: String) throws {
        let value = try #require(try compile(yaml, .modern).value[member])
        #expect(JSON.text(value) == expected)
    }

    @Test func zerosAreLeftOutButWrappersStay() throws {
        let classic = try compile("{enableTracing: false, defaultConfig: {concurrency: 0}}", .classic)
        #expect(classic.value["enableTracing"] == nil)
        #expect(classic.proxyConfig["concurrency"] == nil)
        let modern = try compile("{defaultConfig: {concurrency: 0, interceptionMode: REDIRECT}}", .modern)
        #expect(modern.proxyConfig["concurrency"] == 0)
        #expect(modern.proxyConfig["interceptionMode"] == nil)
    }

    @Test(arguments: [
        (
            "proxyListenPort: many", "/proxyListenPort",
            #"proxyListenPort: found "many", expected a whole number (int32)"#
        ),
        (
            "proxyListenPort: 3000000000", "/proxyListenPort",
            "proxyListenPort: found 3000000000, expected a whole number (int32)"
        ),
        (
            "connectTimeout: 1m", "/connectTimeout",
            #"connectTimeout: found "1m", expected a duration in seconds such as 45s"#
        ),
        (
            "connectTimeout: 10", "/connectTimeout",
            "connectTimeout: found 10, expected a duration in seconds such as 45s"
        ),
        (
            "ingressControllerMode: LOOSE", "/ingressControllerMode",
            #"ingressControllerMode: found "LOOSE", expected one of UNSPECIFIED, OFF, DEFAULT, STRICT"#
        ),
        (
            "ingressControllerMode: 9", "/ingressControllerMode",
            "ingressControllerMode: found 9, expected one of UNSPECIFIED, OFF, DEFAULT, STRICT"
        ),
        (
            "enableAutoMtls: yes please", "/enableAutoMtls",
            #"enableAutoMtls: found "yes please", expected true or false"#
        ),
        (
            "defaultConfig: {tracing: {zipkin: {address: 1}}}", "/defaultConfig/tracing/zipkin/address",
            "defaultConfig/tracing/zipkin/address: found 1, expected a string"
        ),
        (
            "trustDomainAliases: [a, 1]", "/trustDomainAliases/1",
            "trustDomainAliases/1: found 1, expected a string"
        ),
        ("[]", "", "found [], expected an object"),
    ])
    func errors(yaml: String, pointer: String, message: String) throws {
        let error = #expect(throws: SchemaErrors.self) { try compile(yaml, .modern) }
        #expect(error?.errors.map(\.pointer) == [pointer])
        #expect(error?.errors.map(\.message) == [message])
    }

    @Test func problemsAreReportedTogether() throws {
        let text = "{proxyListenPort: x, connectTimeout: 1, defaultConfig: {statusPort: y, concurrency: z}}"
        let error = #expect(throws: SchemaErrors.self) { try compile(text, .modern) }
        let pointers = [
            "/proxyListenPort", "/connectTimeout", "/defaultConfig/statusPort", "/defaultConfig/concurrency",
        ]
        #expect(error?.errors.map(\.pointer) == pointers)
        let annotation = #expect(throws: SchemaError.self) {
            try MeshConfiguration.defaults(.modern).proxyConfig(
                overlaying: "{statusPort: many, drainDuration: 0s}")
        }
        #expect(
            annotation?.message == #"statusPort: found "many", expected a whole number (int32); "#
                + "drainDuration: found 0s, expected whole seconds, at least 1s")
    }

    @Test func rangesInTheMeshAreWarnings() throws {
        let mesh = try compile("{defaultConfig: {statusPort: 70000, discoveryAddress: nowhere}}", .classic)
        #expect(
            mesh.warnings.map(\.message) == [
                "defaultConfig/statusPort: found 70000, expected a port, 1 to 65535",
                "defaultConfig/discoveryAddress: found nowhere, expected an address with a port: host:15012",
            ])
        #expect(mesh.warnings.first?.pointer == "/defaultConfig/statusPort")
    }

    @Test func unknownFieldsAreWarnings() throws {
        let mesh = try compile("{trustDomian: x, defaultConfig: {nope: 1, drainDuration: 7s}}", .modern)
        #expect(
            mesh.warnings == [
                .init(
                    pointer: "/trustDomian",
                    message: #"unknown field "trustDomian"; did you mean trustDomain?"#),
                .init(pointer: "/defaultConfig/nope", message: #"unknown field "nope""#),
            ])
        #expect(mesh.proxyConfig["drainDuration"] == "7s")
    }

    @Test func annotationIsLaidOverTheProxyConfig() throws {
        let text = "{concurrency: 0, proxyMetadata: {B: c, C: d}, tracingServiceName: CANONICAL_NAME_ONLY}"
        let file = "defaultConfig: {proxyMetadata: {A: b, B: b}, discoveryAddress: 'x:1'}"
        let modern = try compile(file, .modern).proxyConfig(overlaying: text)
        #expect(modern["proxyMetadata"] == ["A": "b", "B": "c", "C": "d"])
        #expect(modern["discoveryAddress"] == "x:1")
        #expect(modern["concurrency"] == 0)
        #expect(modern["tracingServiceName"] == "CANONICAL_NAME_ONLY")
        #expect(modern["serviceCluster"] == nil, "expected only one of the two")
        let classic = try compile(file, .classic).proxyConfig(overlaying: text)
        #expect(classic["proxyMetadata"] == ["B": "c", "C": "d"])
        #expect(classic["concurrency"] == nil)
        #expect(try compile(file, .modern).proxyConfig(overlaying: "")["discoveryAddress"] == "x:1")
    }
}
