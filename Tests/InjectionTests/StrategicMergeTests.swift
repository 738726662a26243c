import PluginAPI
import Testing
import Values

@testable import Injection

private struct Case: Sendable, CustomTestStringConvertible {
    var title: String
    var original: String
    var patch: String
    var merged: String
    var testDescription: String { title }

    init(_ title: String, _ original: String, _ patch: String, _ merged: String) {
        self.title = title
        self.original = original
        self.patch = patch
        self.merged = merged
    }
}

@Suite struct StrategicMergeTests {
    /// Merges of a PodSpec, unless the title says otherwise.
    private static let maps = [
        Case(
            "members are added", #"{"nodeName":"n"}"#, #"{"hostPID":true}"#,
            #"{"nodeName":"n","hostPID":true}"#),
        Case("scalars are replaced", #"{"nodeName":"n"}"#, #"{"nodeName":"m"}"#, #"{"nodeName":"m"}"#),
        Case(
            "null changes nothing", #"{"nodeName":"n","hostPID":true}"#, #"{"nodeName":null}"#,
            #"{"nodeName":"n","hostPID":true}"#),
        Case(
            "an empty list or string changes nothing",
            #"{"nodeName":"n","tolerations":[{"key":"a"}],"containers":[{"name":"a"}]}"#,
            #"{"nodeName":"","tolerations":[],"containers":[]}"#,
            #"{"nodeName":"n","tolerations":[{"key":"a"}],"containers":[{"name":"a"}]}"#),
        Case("null for everything changes nothing", #"{"nodeName":"n"}"#, "null", #"{"nodeName":"n"}"#),
        Case(
            "null of nothing is nothing", #"{}"#, #"{"nodeName":null,"dnsConfig":{"options":null}}"#,
            #"{"dnsConfig":{}}"#),
        Case(
            "maps merge key by key", #"{"nodeSelector":{"a":"1","b":"2"}}"#,
            #"{"nodeSelector":{"b":"3","c":"4"}}"#,
            #"{"nodeSelector":{"a":"1","b":"3","c":"4"}}"#),
        Case(
            "an explicit null is nothing", #"{"nodeSelector":null}"#, #"{"nodeSelector":{"a":"1"}}"#,
            #"{"nodeSelector":{"a":"1"}}"#),
        Case(
            "a zero overrides", #"{"hostNetwork":true,"nodeName":"n"}"#, #"{"hostNetwork":false}"#,
            #"{"hostNetwork":false,"nodeName":"n"}"#),
        Case("a zero is not added", #"{"nodeName":"n"}"#, #"{"hostNetwork":false}"#, #"{"nodeName":"n"}"#),
        Case(
            "the original's zero stays", #"{"hostNetwork":false}"#, #"{"hostNetwork":false}"#,
            #"{"hostNetwork":false}"#),
        Case(
            "a zero behind a pointer is a value", #"{"securityContext":{"runAsUser":5}}"#,
            #"{"securityContext":{"runAsUser":0}}"#, #"{"securityContext":{"runAsUser":0}}"#),
        Case(
            "unknown members of the original stay",
            #"{"later":{"x":[1]},"containers":[{"name":"a","new":1}]}"#,
            #"{"containers":[{"name":"a","image":"i"}]}"#,
            #"{"later":{"x":[1]},"containers":[{"name":"a","new":1,"image":"i"}]}"#),
        Case(
            "$patch replace", #"{"nodeSelector":{"a":"1"}}"#,
            #"{"nodeSelector":{"$patch":"replace","b":"2"}}"#, #"{"nodeSelector":{"b":"2"}}"#),
        Case(
            "$patch delete", #"{"securityContext":{"fsGroup":1}}"#,
            #"{"securityContext":{"$patch":"delete"}}"#, #"{"securityContext":{}}"#),
        Case(
            "$patch delete of nothing adds nothing", #"{"nodeName":"n"}"#,
            #"{"securityContext":{"fsGroup":1,"$patch":"delete"},"nodeSelector":{"a":"1","$patch":"delete"}}"#,
            #"{"nodeName":"n"}"#),
        Case(
            "$patch merge", #"{"nodeSelector":{"a":"1"}}"#, #"{"nodeSelector":{"$patch":"merge","b":"2"}}"#,
            #"{"nodeSelector":{"a":"1","b":"2"}}"#),
        Case(
            "$patch merge in an item of a new list", #"{"nodeName":"n"}"#,
            #"{"volumes":[{"name":"v","$patch":"merge","emptyDir":{}}]}"#,
            #"{"nodeName":"n","volumes":[{"name":"v","emptyDir":{}}]}"#),
        Case(
            "$retainKeys", #"{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}"#,
            #"{"volumes":[{"$retainKeys":["name","emptyDir"],"name":"v","emptyDir":{}}]}"#,
            #"{"volumes":[{"name":"v","emptyDir":{}}]}"#),
    ]

    private static let lists = [
        Case(
            "new items come first", #"{"containers":[{"name":"a"}]}"#,
            #"{"containers":[{"name":"istio-proxy"}]}"#,
            #"{"containers":[{"name":"istio-proxy"},{"name":"a"}]}"#),
        Case(
            "matched items merge in place",
            #"{"containers":[{"name":"a"},{"name":"b","image":"x"},{"name":"c"}]}"#,
            #"{"containers":[{"name":"b","image":"y"}]}"#,
            #"{"containers":[{"name":"a"},{"name":"b","image":"y"},{"name":"c"}]}"#),
        Case(
            "a new item stands before its follower in the patch",
            #"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            #"{"containers":[{"name":"n"},{"name":"b"}]}"#,
            #"{"containers":[{"name":"n"},{"name":"a"},{"name":"b"}]}"#),
        Case(
            "a new item behind a matched one", #"{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}"#,
            #"{"containers":[{"name":"b"},{"name":"n"}]}"#,
            #"{"containers":[{"name":"a"},{"name":"b"},{"name":"n"},{"name":"c"}]}"#),
        Case(
            "the patch's order wins", #"{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}"#,
            #"{"containers":[{"name":"c"},{"name":"a"}]}"#,
            #"{"containers":[{"name":"b"},{"name":"c"},{"name":"a"}]}"#),
        Case(
            "other lists are replaced",
            #"{"tolerations":[{"key":"a"}],"containers":[{"name":"a","args":["1","2"]}]}"#,
            #"{"tolerations":[{"key":"b"}],"containers":[{"name":"a","args":["3"]}]}"#,
            #"{"tolerations":[{"key":"b"}],"containers":[{"name":"a","args":["3"]}]}"#),
        Case(
            "ports by number",
            #"{"containers":[{"name":"a","ports":[{"containerPort":80},{"containerPort":81}]}]}"#,
            #"{"containers":[{"name":"a","ports":[{"containerPort":81,"name":"x"},{"containerPort":82}]}]}"#,
            #"{"containers":[{"name":"a","ports":[{"containerPort":80},{"containerPort":81,"name":"x"},{"containerPort":82}]}]}"#
        ),
        Case(
            "the same key twice in the patch", #"{"containers":[{"name":"a"}]}"#,
            #"{"containers":[{"name":"b","image":"x"},{"name":"b","tty":true}]}"#,
            #"{"containers":[{"name":"b","image":"x"},{"name":"b","tty":true},{"name":"a"}]}"#),
        Case(
            "twins pair by their order, and stay as many",
            #"{"containers":[{"name":"a","env":[{"name":"X","value":"1"},{"name":"Y"},{"name":"X","value":"2"}]}]}"#,
            #"{"containers":[{"name":"a","env":[{"name":"X","value":"3"},{"name":"X","value":"4"}]}]}"#,
            #"{"containers":[{"name":"a","env":[{"name":"X","value":"3"},{"name":"Y"},{"name":"X","value":"4"}]}]}"#
        ),
        Case(
            "one twin is merged into the first, the second stays",
            #"{"hostAliases":[{"ip":"1","hostnames":["a"]},{"ip":"1","hostnames":["b"]}]}"#,
            #"{"hostAliases":[{"ip":"1","hostnames":["c"]}]}"#,
            #"{"hostAliases":[{"ip":"1","hostnames":["c"]},{"ip":"1","hostnames":["b"]}]}"#),
        Case(
            "the protocol is part of a port's key",
            #"{"containers":[{"name":"a","ports":[{"containerPort":8443}]}]}"#,
            #"{"containers":[{"name":"a","ports":[{"containerPort":8443,"protocol":"UDP"},{"containerPort":8443,"protocol":"TCP","name":"t"}]}]}"#,
            #"{"containers":[{"name":"a","ports":[{"containerPort":8443,"protocol":"UDP"},{"containerPort":8443,"protocol":"TCP","name":"t"}]}]}"#
        ),
        Case(
            "items without a key keep their place and their members",
            #"{"containers":[{"image":"x","name":""},{"name":"a"},{"tty":true,"image":"y"},{"name":"b"}]}"#,
            #"{"containers":[{"name":"n"},{"name":"b","image":"z"}]}"#,
            #"{"containers":[{"name":"n"},{"image":"x","name":""},{"name":"a"},{"tty":true,"image":"y"},{"name":"b","image":"z"}]}"#
        ),
        Case(
            "a null item is nothing", #"{"containers":[{"name":"a"}]}"#,
            #"{"containers":[null,{"name":"b"}]}"#,
            #"{"containers":[{"name":"b"},{"name":"a"}]}"#),
        Case(
            "a null item of a new list is nothing", #"{}"#, #"{"containers":[null,{"name":"b"}]}"#,
            #"{"containers":[{"name":"b"}]}"#),
        Case(
            "the same key twice in the original",
            #"{"containers":[{"name":"a","ports":[{"containerPort":53,"protocol":"TCP"},{"containerPort":53,"protocol":"UDP"}]}]}"#,
            #"{"containers":[{"name":"a","ports":[{"containerPort":53,"name":"dns"}]}]}"#,
            #"{"containers":[{"name":"a","ports":[{"containerPort":53,"protocol":"TCP","name":"dns"},{"containerPort":53,"protocol":"UDP"}]}]}"#
        ),
        Case(
            "$patch delete of an item", #"{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}"#,
            #"{"containers":[{"name":"b","$patch":"delete"},{"name":"c","image":"i"}]}"#,
            #"{"containers":[{"name":"a"},{"name":"c","image":"i"}]}"#),
        Case(
            "$patch replace of a list", #"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            #"{"containers":[{"$patch":"replace"},{"name":"n"}]}"#, #"{"containers":[{"name":"n"}]}"#),
        Case(
            "$setElementOrder", #"{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}"#,
            #"{"$setElementOrder/containers":[{"name":"c"},{"name":"n"},{"name":"a"}],"containers":[{"name":"n"}]}"#,
            #"{"containers":[{"name":"b"},{"name":"c"},{"name":"n"},{"name":"a"}]}"#),
        Case(
            "$setElementOrder alone", #"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            #"{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}"#,
            #"{"containers":[{"name":"b"},{"name":"a"}]}"#),
        Case(
            "only the item with a zero is looked at again", #"{"containers":[{"name":"a","tty":true}]}"#,
            #"{"containers":[{"name":"b","tty":true},{"name":"c","tty":false,"env":null,"image":"z"},{"name":"a","tty":false}]}"#,
            #"{"containers":[{"name":"b","tty":true},{"name":"c","image":"z"},{"name":"a","tty":false}]}"#),
        Case(
            "directives of what is added go", #"{}"#,
            #"{"containers":[{"name":"a","image":"i","$retainKeys":["name","image"]},{"name":"b","$patch":"delete"}]}"#,
            #"{"containers":[{"name":"a","image":"i"}]}"#),
    ]

    private func merge(_ example: Case, _ type: ObjectType) throws {
        let decoded = try TypedDecoding.decode(try JSON.read(example.patch), as: type, .patch)
        var value = try JSON.read(example.original)
        try StrategicMerge.merge(decoded, into: &value, as: type)
        #expect(JSON.text(value) == example.merged)
        // The general merge gives the same result.
        value = try JSON.read(example.original)
        let careful = TypedDecoding.Result(value: decoded.value, unsettled: [[]])
        try StrategicMerge.merge(careful, into: &value, as: type)
        #expect(JSON.text(value) == example.merged)
    }

    @Test(arguments: maps) private func mergesMaps(example: Case) throws {
        try merge(example, TypeTable.modern.podSpec)
    }

    @Test(arguments: lists) private func mergesLists(example: Case) throws {
        try merge(example, TypeTable.modern.podSpec)
    }

    @Test(arguments: [
        Case(
            "union", #"{"finalizers":["a","b"]}"#, #"{"finalizers":["c","b","c"]}"#,
            #"{"finalizers":["c","a","b"]}"#),
        Case(
            "a null among scalars is a zero, once", #"{"finalizers":["a",""]}"#,
            #"{"finalizers":["a",null]}"#, #"{"finalizers":["a",""]}"#),
        Case(
            "$deleteFromPrimitiveList", #"{"finalizers":["a","b","c"]}"#,
            #"{"$deleteFromPrimitiveList/finalizers":["b"]}"#, #"{"finalizers":["a","c"]}"#),
        Case(
            "order of scalars", #"{"finalizers":["a","b"]}"#,
            #"{"$setElementOrder/finalizers":["b","c","a"],"finalizers":["c"]}"#,
            #"{"finalizers":["b","c","a"]}"#),
        Case(
            "labels", #"{"labels":{"a":"1","c":"2"}}"#, #"{"labels":{"a":null,"b":"","c":""}}"#,
            #"{"labels":{"a":"1","c":"2","b":""}}"#),
    ])
    private func mergesMetadata(example: Case) throws { try merge(example, TypeTable.modern.objectMeta) }

    @Test(arguments: [
        (
            #"{"containers":[{"image":"i"}]}"#,
            "item 0 of /containers does not contain declared merge key: name"
        ),
        (
            #"{"nodeSelector":{"$patch":"tear"}}"#,
            #"bad directive $patch: found "tear", expected delete, replace or merge"#
        ),
        (
            #"{"$retainKeys":["a"],"nodeName":"x"}"#,
            #"bad directive $retainKeys: found ["a"], expected to name nodeName, which the patch sets"#
        ),
        (
            #"{"$setElementOrder/containers":1}"#,
            "bad directive $setElementOrder/containers: found 1, expected a list"
        ),
    ])
    func errors(patch: String, message: String) throws {
        let decoded = try TypedDecoding.decode(try JSON.read(patch), as: TypeTable.modern.podSpec, .patch)
        var value = try JSON.read(#"{"containers":[{"name":"a"}],"nodeSelector":{"a":"b"}}"#)
        let error = #expect(throws: SchemaError.self) {
            try StrategicMerge.merge(decoded, into: &value, as: TypeTable.modern.podSpec)
        }
        #expect(error?.message == message)
    }

    /// Merging the same patch again changes nothing, also in lists that are long enough for a lookup table.
    @Test func mergingTwiceIsMergingOnce() throws {
        let items = (0..<100).map {
            Value.object(Object([Member("name", .string("E\($0)")), Member("value", "v")]))
        }
        let additions = (50..<150).map {
            Value.object(Object([Member("name", .string("E\($0)")), Member("value", "w")]))
        }
        func container(_ env: [Value]) -> Value {
            ["containers": [["name": "a", "env": .array(env)]]]
        }
        let patch = TypedDecoding.Result(value: container(additions))
        var once = container(items)
        try StrategicMerge.merge(patch, into: &once, as: TypeTable.modern.podSpec)
        #expect(once["containers"]?[0]?["env"]?.array?.count == 150)
        var twice = once
        try StrategicMerge.merge(patch, into: &twice, as: TypeTable.modern.podSpec)
        #expect(JSON.text(twice) == JSON.text(once))
    }
}
