import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// A rendered container, and the result of decoding it.
private struct Case: Sendable, CustomTestStringConvertible {
    var title: String
    var given: String
    var classic: String
    /// nil if the modern form refuses it.
    var modern: String?
    var dropped: [String] = []
    var testDescription: String { title }
}

@Suite struct TypedDecodingTests {
    private static let cases = [
        Case(
            title: "numbers and bools for strings", given: #"{"args":[15001,true,1.5,"x"]}"#,
            classic: #"{"args":["15001","true","1.5","x"]}"#, modern: nil),
        Case(
            title: "large fraction", given: #"{"args":[1500000.0, 0.00001]}"#,
            classic: #"{"args":["1.5e+06","1e-05"]}"#, modern: nil),
        Case(
            title: "amounts",
            given: #"{"resources":{"limits":{"cpu":2000,"memory":1e9},"requests":{"cpu":0.1}}}"#,
            classic: #"{"resources":{"limits":{"cpu":"2k","memory":"1G"},"requests":{"cpu":"100m"}}}"#,
            modern: #"{"resources":{"limits":{"cpu":"2k","memory":"1G"},"requests":{"cpu":"100m"}}}"#),
        Case(
            title: "unknown members", given: #"{"name":"a","nope":1,"env":[{"name":"b","typo":{}}]}"#,
            classic: #"{"name":"a","env":[{"name":"b"}]}"#, modern: #"{"name":"a","env":[{"name":"b"}]}"#,
            dropped: ["/nope", "/env/0/typo"]),
        Case(
            title: "members of a later day", given: #"{"name":"a","restartPolicy":"Always"}"#,
            classic: #"{"name":"a"}"#, modern: #"{"name":"a","restartPolicy":"Always"}"#),
        Case(
            title: "zeros with omitempty", given: #"{"stdin":false,"image":"","env":[],"name":""}"#,
            classic: #"{"name":""}"#, modern: #"{"name":""}"#),
        Case(
            title: "zeros behind pointers", given: #"{"securityContext":{"runAsUser":0,"privileged":false}}"#,
            classic: #"{"securityContext":{"runAsUser":0,"privileged":false}}"#,
            modern: #"{"securityContext":{"runAsUser":0,"privileged":false}}"#),
        Case(
            title: "structs stay", given: #"{"resources":{},"lifecycle":{},"securityContext":{}}"#,
            classic: #"{"resources":{},"lifecycle":{},"securityContext":{}}"#,
            modern: #"{"resources":{},"lifecycle":{},"securityContext":{}}"#),
        Case(
            title: "nulls", given: #"{"name":"a","env":null,"args":[null,"b"],"securityContext":null}"#,
            classic: #"{"name":"a","args":["","b"]}"#, modern: #"{"name":"a","args":["","b"]}"#),
        Case(
            title: "upper and lower case", given: #"{"Name":"a","volumemounts":[{"MountPath":"/x"}]}"#,
            classic: #"{"name":"a","volumeMounts":[{"mountPath":"/x"}]}"#,
            modern: #"{"name":"a","volumeMounts":[{"mountPath":"/x"}]}"#),
        Case(
            title: "whole numbers", given: #"{"ports":[{"containerPort":8e3,"hostPort":0}]}"#,
            classic: #"{"ports":[{"containerPort":8000}]}"#, modern: #"{"ports":[{"containerPort":8000}]}"#),
        Case(
            title: "number or name",
            given: #"{"readinessProbe":{"httpGet":{"port":"http"},"timeoutSeconds":0}}"#,
            classic: #"{"readinessProbe":{"httpGet":{"port":"http"}}}"#,
            modern: #"{"readinessProbe":{"httpGet":{"port":"http"}}}"#),
        Case(
            title: "inline selectors",
            given: #"{"env":[{"name":"a","valueFrom":{"secretKeyRef":{"name":1,"key":"k"}}}]}"#,
            classic: #"{"env":[{"name":"a","valueFrom":{"secretKeyRef":{"name":"1","key":"k"}}}]}"#,
            modern: nil),
    ]

    @Test(arguments: cases) private func containers(example: Case) throws {
        let given = try JSON.read(example.given)
        let classic = try TypedDecoding.decode(given, as: TypeTable.classic.container, .lenient)
        #expect(JSON.text(classic.value) == example.classic)
        if let expected = example.modern {
            let modern = try TypedDecoding.decode(given, as: TypeTable.modern.container, .strict)
            #expect(JSON.text(modern.value) == expected)
            #expect(modern.dropped == example.dropped)
            #expect(example.dropped.isEmpty || classic.dropped == example.dropped)
            let again = try TypedDecoding.decode(modern.value, as: TypeTable.modern.container, .strict)
            #expect(again.value == modern.value, "expected decoding to be idempotent")
        } else {
            #expect(throws: SchemaError.self) {
                try TypedDecoding.decode(given, as: TypeTable.modern.container, .strict)
            }
        }
    }

    @Test(arguments: [
        (
            #"{"spec":{"containers":[{"name":"a","env":[{"name":"b","value":1}]}]}}"#,
            "/spec/containers/0/env/0/value", "number 1", "a string",
            "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string"
        ),
        (
            #"{"spec":{"containers":{}}}"#, "/spec/containers", "object", "a list",
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"
        ),
        (
            #"{"spec":{"priority":1.5}}"#, "/spec/priority", "number 1.5", "a whole number (int32)",
            "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32"
        ),
        (
            #"{"spec":{"priority":3000000000}}"#, "/spec/priority", "number 3000000000",
            "a whole number (int32)",
            "json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority of type int32"
        ),
        (
            #"{"spec":{"containers":[{"resources":{"limits":{"cpu":"lots"}}}]}}"#,
            "/spec/containers/0/resources/limits/cpu", "string \"lots\"", "an amount such as 500m or 1Gi",
            Quantity.syntaxMessage
        ),
        (
            #"{"metadata":{"annotations":{"a/b~c":true}}}"#, "/metadata/annotations/a~1b~0c", "bool true",
            "a string",
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.annotations.a/b~c of type string"
        ),
        (
            "[]", "", "array", "an object (v1.Pod)",
            "json: cannot unmarshal array into Go value of type v1.Pod"
        ),
    ])
    func errors(given: String, pointer: String, found: String, expected: String, message: String) throws {
        let value = try JSON.read(given)
        let error = #expect(throws: SchemaError.self) {
            try TypedDecoding.decode(value, as: TypeTable.modern.pod, .strict)
        }
        #expect(
            error == SchemaError(pointer: pointer, found: found, expected: expected, message: message))
    }

    @Test func patchesKeepWhatTheMergeNeeds() throws {
        let text =
            #"{"spec":{"hostNetwork":false,"dnsConfig":null,"containers":[{"name":"a","$patch":"delete"}],"#
            + #""$setElementOrder/containers":[{"name":"a"}],"nope":1}}"#
        let patch = try TypedDecoding.decode(try JSON.read(text), as: TypeTable.modern.pod, .patch)
        #expect(JSON.text(patch.value) == text.replacing(",\"nope\":1", with: ""))
        #expect(!patch.isSettled)
        #expect(patch.dropped == ["/spec/nope"])
        let settled = try TypedDecoding.settled(patch.value, as: TypeTable.modern.pod)
        #expect(JSON.text(settled) == #"{"spec":{"containers":[]}}"#)
        let plain = try TypedDecoding.decode(
            try JSON.read(#"{"spec":{"containers":[{"name":"a"}]}}"#), as: TypeTable.modern.pod, .patch)
        #expect(plain.isSettled)
    }

    @Test func theUsersOwnKeepsWhatTheTypeDoesNotHave() throws {
        let own = try JSON.read(
            #"{"name":"istio-proxy","later":{"a":[]},"env":null,"tty":false,"image":"","#
                + #""resources":{"limits":{"cpu":"2000m"}},"securityContext":{"runAsUser":0,"new":1}}"#)
        let decoded = try TypedDecoding.decode(own, as: TypeTable.modern.container, .keeping)
        #expect(
            JSON.text(decoded.value) == #"{"name":"istio-proxy","later":{"a":[]},"#
                + #""resources":{"limits":{"cpu":"2"}},"securityContext":{"runAsUser":0,"new":1}}"#)
        #expect(decoded.dropped == [])
    }

    @Test func notesAboutDroppedMembersHaveALimit() {
        #expect(TemplateNote.notes(.memberUnknown, [], from: "t") == [])
        let one = TemplateNote.notes(.memberUnknown, ["/spec/nope"], from: "t")
        #expect(one.map(\.message) == ["template t: the member /spec/nope is not known and is left out"])
        let many = TemplateNote.notes(.memberUnknown, (0..<20).map { "/\($0)" }, from: "t")
        #expect(many.count == 9)
        #expect(many.last?.message == "template t: 12 further members are left out")
    }

    /// Istio's recorded pods went through Go's types: decoding drops nothing, and removes only the `creationTimestamp:
    /// null` that printing adds.
    @Test(
        .needs(.istioClassic), .needs(.istioModern),
        arguments: [(CaseCollection.istioClassic, TypeTable.classic), (.istioModern, TypeTable.modern)])
    func recordedPodsAreCanonical(collection: CaseCollection, table: TypeTable) throws {
        let cases = collection.path("cases")
        var checked = 0
        for name in entries(of: cases) {
            for file in entries(of: "\(cases)/\(name)/webhook") where file.hasSuffix(".pod.yaml") {
                var pod = try YAMLReader.value(text(of: "\(cases)/\(name)/webhook/\(file)"))
                let decoded = try TypedDecoding.decode(pod, as: table.pod, .strict)
                #expect(decoded.dropped == [], "\(name)/\(file)")
                pod.modifyObject { pod in
                    pod.modify("metadata") { metadata in
                        metadata.modifyObject {
                            if $0["creationTimestamp"] == .null { $0["creationTimestamp"] = nil }
                        }
                    }
                }
                #expect(decoded.value == pod, "\(name)/\(file)")
                checked += 1
            }
        }
        #expect(checked > 30)
    }
}
