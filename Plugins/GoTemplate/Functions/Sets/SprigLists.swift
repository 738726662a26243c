/// sprig's functions for lists. None changes its argument; all return a new list. Each `must…` twin behaves the same
/// here, because errors are never panics.
enum SprigLists {
    static let functions: [TemplateFunction] =
        [
            list, list.alias("tuple"),
            function(
                "concat", "func(lists ...any) []any", "several lists as one",
                "{{ concat (list 1) (list 2 3) }}",
                "[1 2 3]", concat),
            function(
                "has", "func(item any, list any) bool", "whether an item is in a list, type and all",
                "{{ has 2 (list 1 2) }}", "true", has),
        ]
        + twins.flatMap {
            [$0, $0.alias("must" + $0.name.prefix(1).uppercased() + String($0.name.dropFirst()))]
        }
        + [append.alias("push"), append.alias("mustPush"), mustHas]

    private static let list = function(
        "list", "func(items ...any) []any", "a list of these", "{{ list 1 2 3 }}", "[1 2 3]"
    ) { call throws(FunctionError) in .list(call.arguments) }

    private static let append = function(
        "append", "func(list any, item any) []any", "the list with an item at its end",
        "{{ append (list 1 2) 3 }}", "[1 2 3]"
    ) { call throws(FunctionError) in
        let items = try call.items(0, "push on")
        try call.room(items: items.count + 1)
        return .list(items + [call[1]])
    }

    private static let mustHas = function(
        "mustHas", "func(item any, list any) bool", "another name of has", "{{ mustHas 2 (list 1 2) }}",
        "true", has)

    private static let twins: [TemplateFunction] = [
        append,
        function(
            "prepend", "func(list any, item any) []any", "the list with an item at its beginning",
            "{{ prepend (list 1 2) 0 }}", "[0 1 2]"
        ) { call throws(FunctionError) in
            let items = try call.items(0, "prepend on")
            try call.room(items: items.count + 1)
            return .list([call[1]] + items)
        },
        function(
            "first", "func(list any) any", "the first item, nil if the list is empty",
            "{{ first (list 1 2) }}",
            "1"
        ) { call throws(FunctionError) in try call.items(0, "find first on").first ?? .none },
        function(
            "last", "func(list any) any", "the last item, nil if the list is empty", "{{ last (list 1 2) }}",
            "2"
        ) {
            call throws(FunctionError) in try call.items(0, "find last on").last ?? .none
        },
        function("rest", "func(list any) []any", "all but the first item", "{{ rest (list 1 2 3) }}", "[2 3]")
        { call throws(FunctionError) in
            let items = try call.items(0, "find rest on")
            return items.isEmpty ? .nilList : .list(Array(items.dropFirst()))
        },
        function(
            "initial", "func(list any) []any", "all but the last item", "{{ initial (list 1 2 3) }}", "[1 2]"
        ) {
            call throws(FunctionError) in
            let items = try call.items(0, "find initial on")
            return items.isEmpty ? .nilList : .list(Array(items.dropLast()))
        },
        function(
            "reverse", "func(list any) []any", "the other way round", "{{ reverse (list 1 2 3) }}", "[3 2 1]"
        ) {
            call throws(FunctionError) in .list(try call.items(0, "find reverse on").reversed())
        },
        function("uniq", "func(list any) []any", "each item once", "{{ uniq (list 1 2 1) }}", "[1 2]", uniq),
        function(
            "without", "func(list any, items ...any) []any", "without the items that equal one of these",
            "{{ without (list 1 2 3) 2 }}", "[1 3]"
        ) { call throws(FunctionError) in
            var kept: [GoValue] = []
            for item in try call.items(0, "find without on") {
                if try !contains(Array(call.rest(from: 1)), item, call) { kept.append(item) }
            }
            return .list(kept)
        },
        function(
            "compact", "func(list any) []any", "without empty items", #"{{ compact (list 1 "" 2) }}"#, "[1 2]"
        ) {
            call throws(FunctionError) in
            .list(try call.items(0, "compact on").filter { !Structure.isEmpty($0) })
        },
        function(
            "slice", "func(list any, indices ...any) any", "the items from one index up to another",
            "{{ slice (list 1 2 3) 1 3 }}", "[2 3]", slice),
        function(
            "chunk", "func(size int, list any) [][]any", "lists of so many items each",
            "{{ chunk 2 (list 1 2 3) }}", "[[1 2] [3]]", chunk),
    ]

    private static func contains(_ items: [GoValue], _ wanted: GoValue, _ call: Call) throws(FunctionError)
        -> Bool
    {
        for item in items where try Structure.isEqual(item, wanted, call) { return true }
        return false
    }

    private static func uniq(_ call: Call) throws(FunctionError) -> GoValue {
        var kept: [GoValue] = []
        for item in try call.items(0, "find uniq on") where try !contains(kept, item, call) {
            kept.append(item)
        }
        return .list(kept)
    }

    private static func has(_ call: Call) throws(FunctionError) -> GoValue {
        if call[1].isUntypedNil { return .bool(false) }
        return .bool(try contains(try call.items(1, "find has on"), call[0], call))
    }

    private static func concat(_ call: Call) throws(FunctionError) -> GoValue {
        var result: [GoValue] = []
        for (index, value) in call.arguments.enumerated() {
            if value.isUntypedNil { throw Panic.nilPointer }
            guard let items = value.items else {
                throw .message("Cannot concat type \(call[index].kindName) as list")
            }
            try call.work(items.count / 4)
            try call.room(items: result.count + items.count)
            result += items
        }
        return result.isEmpty ? .nilList : .list(result)
    }

    private static func slice(_ call: Call) throws(FunctionError) -> GoValue {
        if call[0].isUntypedNil { throw Panic.nilPointer }
        guard let items = call[0].items else {
            throw .message("list should be type of slice or array but \(call[0].kindName)")
        }
        try call.work(items.count / 4)
        if items.isEmpty { return .none }
        let start = call.count > 1 ? call.int(1) : 0
        let end = call.count > 2 ? call.int(2) : items.count
        guard 0 <= start, start <= end, end <= items.count else {
            throw .message("reflect.Value.Slice: slice index out of bounds")
        }
        let part = Array(items[start..<end])
        switch call[0] {
        case .strings(let texts): return .strings(Array(texts[start..<end]))
        case .bytes(let bytes): return .bytes(Array(bytes[start..<end]))
        case .slice(let slice): return .slice(GoSlice(type: slice.type, items: part))
        default: return .list(part)
        }
    }

    /// Splits a list into chunks. Their number is calculated in floating point, as sprig does, which determines the
    /// result for unusual sizes.
    private static func chunk(_ call: Call) throws(FunctionError) -> GoValue {
        let size = call.int(0)
        if call[1].isUntypedNil { throw Panic.nilPointer }
        guard let items = call[1].items else { throw .message("Cannot chunk type \(call[1].kindName)") }
        let count = Cast.truncated((Double(items.count - 1) / Double(size)).rounded(.down) + 1)
        guard count >= 0 else { throw Panic.makeSlice }
        guard count == 0 || size > 0 else { throw Panic.makeSlice }
        try call.work(items.count / 4)
        try call.room(items: items.count)
        var parts: [GoValue] = []
        var start = 0
        while count > 0 && start < items.count {
            let end = start + min(size, items.count - start)
            parts.append(.list(Array(items[start..<end])))
            start = end
        }
        return .slice(GoSlice(type: .slice(of: .anySlice), items: parts))
    }
}

extension Call {
    /// Returns the items of the list at an index.
    ///
    /// - Parameter action: the operation, for the error if it is not a list: `Cannot push on type string`.
    func items(_ index: Int, _ action: String) throws(FunctionError) -> [GoValue] {
        if self[index].isUntypedNil { throw Panic.nilPointer }
        guard let items = self[index].items else {
            throw .message("Cannot \(action) type \(self[index].kindName)")
        }
        try work(items.count / 4)
        return items
    }
}
