import PluginAPI
import Testing
import Values

@testable import GoTemplate

@Suite("Maps of the engine")
struct GoMapTests {
    private static func data(_ count: Int) -> Object {
        Object(
            (0..<count).map { Member("key\($0)", $0 % 3 == 0 ? ["inner": .int(Int64($0))] : .int(Int64($0))) }
        )
    }

    private static func object(_ value: Value) -> Object { value.object ?? Object() }

    /// A map over the data and one that was filled member by member behave the same under random changes.
    @Test("a map over the data behaves as one that was filled", arguments: [0, 1, 5, 31, 32, 33, 200])
    func behaves(count: Int) {
        let object = Self.data(count)
        let lazy = GoMap(data: object)
        let eager = GoMap(object.members.map { ($0.key, GoValue($0.value).sharedMaps()) })
        var random = SystemRandomNumberGenerator()
        for step in 0..<300 {
            let key = "key\(Int.random(in: 0..<max(count, 1) + 3, using: &random))"
            switch step % 5 {
            case 0:
                lazy[key] = .int(step)
                eager[key] = .int(step)
            case 1:
                lazy[key] = nil
                eager[key] = nil
            default: #expect(Self.text(lazy[key]) == Self.text(eager[key]))
            }
            #expect(lazy.count == eager.count)
            if step % 30 == 0 {
                #expect(lazy.sortedKeys == eager.sortedKeys)
                #expect(Self.text(.map(lazy)) == Self.text(.map(eager)))
            }
        }
        lazy.removeAll()
        #expect(lazy.count == 0 && lazy.sortedKeys.isEmpty && lazy["key1"] == nil)
    }

    private static func text(_ value: GoValue?) -> String {
        String(decoding: GoFormat.printf("%v", [value ?? .none]), as: UTF8.self)
    }

    @Test("an inner map of the data is the same map on every access")
    func identity() throws {
        let map = GoMap(data: Self.object(["a": ["b": ["c": 1]], "list": [["x": 1], 2]]))
        let other = GoMap(map, as: GoType(name: "named", kind: .map, element: .any))
        guard case .map(let inner)? = map["a"], case .map(let same)? = other["a"] else {
            Issue.record("no map")
            return
        }
        inner["b"] = .string("changed")
        #expect(inner === same)
        #expect(Self.text(.map(other)) == "map[a:map[b:changed] list:[map[x:1] 2]]")
        guard case .list(let items)? = map["list"], case .map(let item)? = items.first else {
            Issue.record("no list")
            return
        }
        item["x"] = .int(5)
        #expect(Self.text(.map(map)) == "map[a:map[b:changed] list:[map[x:5] 2]]")
    }

    @Test("an unchanged map returns the data's own object")
    func unchanged() {
        let map = GoMap(data: Self.object(["a": 1, "b": ["c": 2]]))
        #expect(map["a"] != nil && map["none"] == nil && map.count == 2)
        #expect(map.unchanged != nil)
        #expect(map.unchangedScalars == nil)
        #expect(map["b"] != nil)
        #expect(map.unchanged == nil)
    }

    @Test("keys with the same characters in other bytes are different keys")
    func spellings() {
        let map = GoMap(data: Self.object(["\u{E9}": 1]))
        #expect(map["e\u{301}"] == nil)
        map["e\u{301}"] = .int(2)
        #expect(map.count == 2)
    }
}
