/// sprig's functions for maps. `set`, `unset` and the merges change their argument in place, which is visible through
/// all other references to it. Where Go's order is random, keys and values are sorted by key.
enum SprigDicts {
    static let functions: [TemplateFunction] =
        [
            function(
                "dict", "func(pairs ...any) map[string]any", "a map of keys and values",
                #"{{ dict "a" 1 "b" 2 }}"#, "map[a:1 b:2]"
            ) { call throws(FunctionError) in
                let map = GoMap()
                for index in stride(from: 0, to: call.count, by: 2) {
                    let key = String(decoding: try call.string(call[index]), as: UTF8.self)
                    map[key] = index + 1 < call.count ? call[index + 1] : .string("")
                }
                return .map(map)
            },
            function(
                "get", "func(dict map[string]any, key string) any", "the value of a key, or an empty text",
                #"{{ get (dict "a" 1) "a" }}"#, "1"
            ) { call throws(FunctionError) in
                try call.context.count(members: call[0].searchedMembers)
                return call[0].member(call.text(1)) ?? .string("")
            },
            function(
                "set", "func(dict map[string]any, key string, value any) map[string]any", "the map, changed",
                #"{{ set (dict "a" 1) "b" 2 }}"#, "map[a:1 b:2]", mutates: true
            ) { call throws(FunctionError) in
                let map = try call.map(0)
                map[call.text(1)] = call[2]
                return .map(map)
            },
            function(
                "unset", "func(dict map[string]any, key string) map[string]any",
                "the map without a key, changed",
                #"{{ unset (dict "a" 1 "b" 2) "a" }}"#, "map[b:2]", mutates: true
            ) { call throws(FunctionError) in
                if call[0].isNil { return call[0] }
                let map = try call.map(0)
                map[call.text(1)] = nil
                return .map(map)
            },
            function(
                "hasKey", "func(dict map[string]any, key string) bool", "whether a map has a key",
                #"{{ hasKey (dict "a" 1) "a" }}"#, "true"
            ) { call throws(FunctionError) in
                try call.context.count(members: call[0].searchedMembers)
                return .bool(call[0].member(call.text(1)) != nil)
            },
            function(
                "pluck", "func(key string, dicts ...map[string]any) []any",
                "the values of a key in several maps",
                #"{{ pluck "a" (dict "a" 1) (dict "b" 2) (dict "a" 3) }}"#, "[1 3]"
            ) { call throws(FunctionError) in
                for dict in call.rest(from: 1) { try call.context.count(members: dict.searchedMembers) }
                return .list(call.rest(from: 1).compactMap { $0.member(call.text(0)) })
            },
            function(
                "keys", "func(dicts ...map[string]any) []string", "the keys of maps",
                #"{{ keys (dict "b" 1 "a" 2) }}"#,
                "[a b]"
            ) { call throws(FunctionError) in
                var keys: [String] = []
                for dict in call.arguments {
                    let members = dict.sortedMembers ?? []
                    try call.work(members.count)
                    try call.room(items: keys.count + members.count)
                    keys += members.map(\.key)
                }
                return .strings(keys)
            },
            function(
                "values", "func(dict map[string]any) []any", "the values of a map, by the order of the keys",
                #"{{ values (dict "b" 1 "a" 2) }}"#, "[2 1]"
            ) { call throws(FunctionError) in
                let members = call[0].sortedMembers ?? []
                try call.work(members.count)
                return .list(members.map(\.value))
            },
            function(
                "pick", "func(dict map[string]any, keys ...string) map[string]any",
                "a map of these keys only",
                #"{{ pick (dict "a" 1 "b" 2) "a" }}"#, "map[a:1]"
            ) { call throws(FunctionError) in
                let result = GoMap()
                let keys = call.rest(from: 1)
                let member = keys.count > 1 ? call[0].keyed : call[0].member
                try call.work((call[0].memberCount ?? 0) / 16 + keys.count)
                for key in keys {
                    let key = key.stringText ?? ""
                    if let value = member(key) { result[key] = value }
                }
                return .map(result)
            },
            function(
                "omit", "func(dict map[string]any, keys ...string) map[string]any",
                "a map without these keys",
                #"{{ omit (dict "a" 1 "b" 2) "a" }}"#, "map[b:2]", omit),
            function(
                "dig", "func(path ...any) any",
                "the value at a path of keys, or a default: KEYS DEFAULT DICT",
                #"{{ dig "a" "b" "none" (dict "a" (dict "b" 5)) }}"#, "5", dig),
            function(
                "deepCopy", "func(v any) any", "a copy that shares nothing", #"{{ deepCopy (dict "a" 1) }}"#,
                "map[a:1]", deepCopy),
            function(
                "mustDeepCopy", "func(v any) any", "another name of deepCopy",
                #"{{ mustDeepCopy (dict "a" 1) }}"#, "map[a:1]", deepCopy),
        ] + merging

    private static let merging: [TemplateFunction] = {
        let merge = merging(
            "merge", overwrites: false, "keys of the other maps that the first has not",
            #"{{ merge (dict "a" 1) (dict "a" 2 "b" 3) }}"#, "map[a:1 b:3]")
        let overwrite = merging(
            "mergeOverwrite", overwrites: true, "the first map, overwritten by the others",
            #"{{ mergeOverwrite (dict "a" 1) (dict "a" 2) }}"#, "map[a:2]")
        return [merge, merge.alias("mustMerge"), overwrite, overwrite.alias("mustMergeOverwrite")]
    }()

    private static func merging(
        _ name: String, overwrites: Bool, _ summary: String, _ template: String, _ output: String
    ) -> TemplateFunction {
        function(
            name, "func(dict map[string]any, others ...map[string]any) any", summary, template, output,
            mutates: true
        ) { call throws(FunctionError) in
            let map = call[0].isNil && !call[0].isUntypedNil ? GoMap() : try call.map(0)
            for other in call.rest(from: 1) {
                try Structure.merge(other, into: map, overwrites: overwrites, call)
            }
            return .map(map)
        }
    }

    /// Returns a copy of the map without some keys.
    static func omit(_ call: Call) throws(FunctionError) -> GoValue {
        let dropped = Set(call.rest(from: 1).map { Array(($0.stringText ?? "").utf8) })
        let members = call[0].sortedMembers ?? []
        try call.work(members.count)
        // Sprig's takes and returns map[string]any, whatever the name of the map's own type. Istio's also takes and
        // returns maps of strings.
        let result = GoMap(type: call[0].type == .stringMap ? .stringMap : .anyMap)
        for (key, value) in members where !dropped.contains(Array(key.utf8)) { result[key] = value }
        return .map(result)
    }

    private static func deepCopy(_ call: Call) throws(FunctionError) -> GoValue {
        if call[0].isUntypedNil { throw .message("reflect: call of reflect.Value.Type on zero Value") }
        return try Structure.copy(call[0], call)
    }

    private static func dig(_ call: Call) throws(FunctionError) -> GoValue {
        guard call.count >= 3 else { throw .message("dig needs at least three arguments") }
        func conversion(_ value: GoValue, _ wanted: String) -> FunctionError {
            .message(
                "interface conversion: interface {} is \(value.isUntypedNil ? "nil" : value.typeName), not \(wanted)"
            )
        }
        let wanted = GoType.anyMap.name
        var step = call[call.count - 1]
        guard step.typeName == wanted else { throw conversion(step, wanted) }
        let keys = call.arguments.dropLast(2)
        for key in keys where !key.isString { throw conversion(key, "string") }
        for (index, key) in keys.enumerated() {
            if index > 0, step.typeName != wanted { throw conversion(step, wanted) }
            guard let next = step.member(key.stringText ?? "") else { return call[call.count - 2] }
            step = next
        }
        return step
    }
}

extension Call {
    /// Returns the map at an index, which the caller will change.
    func map(_ index: Int) throws(FunctionError) -> GoMap {
        if case .map(let map) = self[index] {
            context.noteMutation(of: map)
            return map
        }
        if self[index].isNil { throw Panic.nilMap }
        guard case .map(let map) = try Structure.copy(self[index], self) else {
            throw .message("a \(self[index].typeName) cannot be changed")
        }
        return map
    }
}
