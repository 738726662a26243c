import PluginAPI
import Values

/// The functions of Go's text/template, called with the values on the machine's stack. `and` and `or` are instructions.
enum BuiltinFunctions {
    static func call(
        _ call: UnsafePointer<Program.Call>, _ slots: UnsafeBufferPointer<Slot>, _ context: FunctionContext
    ) throws(FunctionError) -> Slot {
        let builtin = call.pointee.builtin
        switch builtin {
        case .eq: return Slot(.bool(try Comparison.equal(slots)))
        case .ne: return Slot(.bool(!(try Comparison.equal(slots[0].value, slots[1].value))))
        case .lt: return Slot(.bool(try Comparison.less(slots[0].value, slots[1].value)))
        case .le: return Slot(.bool(try Comparison.lessOrEqual(slots[0].value, slots[1].value)))
        case .gt: return Slot(.bool(!(try Comparison.lessOrEqual(slots[0].value, slots[1].value))))
        case .ge: return Slot(.bool(!(try Comparison.less(slots[0].value, slots[1].value))))
        case .not: return Slot(.bool(!Comparison.isTrue(slots[0].value)))
        case .index:
            try context.count(members: slots[0].value.searchedMembers)
            return try index(slots)
        case .slice: return Slot(try slice(slots, context))
        case .len: return Slot(.int(try length(slots[0])))
        case .call: throw uncallable(slots[0], call.pointee.calleeName)
        case .and, .or: return slots[slots.count - 1]
        case .print, .println, .printf: return Slot(try printed(builtin, slots, context))
        case .html, .js, .urlquery:
            let bytes = try argumentText(slots, context)
            try context.count(handledBytes: bytes.count)
            var output = ByteBuffer(capacity: bytes.count + 16)
            bytes.withUnsafeBufferPointer { bytes in
                switch builtin {
                case .html: Escaping.html(bytes, into: &output)
                case .js: Escaping.javaScript(bytes, into: &output)
                default: Escaping.urlQuery(bytes, into: &output)
                }
            }
            try context.checkSize(output.count)
            try context.count(handledBytes: output.count)
            return Slot(.text(output.bytes))
        }
    }

    // MARK: Printing

    private static func printed(
        _ builtin: Builtin, _ slots: UnsafeBufferPointer<Slot>, _ context: FunctionContext
    ) throws(FunctionError) -> GoValue {
        if builtin == .print, slots.count == 1, case .string = slots[0].value { return slots[0].value }
        var output = ByteBuffer(capacity: 64)
        var format = GoFormat(limit: context.limits.functionBytes)
        let values = SlotValues(slots: slots)
        switch builtin {
        case .print: format.print(values, into: &output)
        case .println: format.println(values, into: &output)
        default:
            if case .string(var text) = values[0] {
                text.withUTF8 { format.printf($0, values[1...], into: &output) }
            } else {
                let bytes = values[0].stringBytes ?? []
                bytes.withUnsafeBufferPointer { format.printf($0, values[1...], into: &output) }
            }
        }
        try context.checkSize(format.isOverLimit ? .max : output.count)
        try context.count(handledBytes: output.count)
        return output.withBytes { bytes in
            GoValue.text(bytes)
        }
    }

    /// Returns the text that `html`, `js` and `urlquery` escape: the arguments as the template itself would print them.
    private static func argumentText(
        _ slots: UnsafeBufferPointer<Slot>, _ context: FunctionContext
    ) throws(FunctionError) -> [UInt8] {
        if slots.count == 1, let bytes = slots[0].value.stringBytes { return bytes }
        var output = ByteBuffer(capacity: 64)
        var format = GoFormat(limit: context.limits.functionBytes)
        let values = slots.map { slot -> GoValue in
            switch slot.value {
            case .none: .string("<no value>")
            case .typed(let typed) where !typed.printsByMethod: typed.pointee
            default: slot.value
            }
        }
        format.print(values[...], into: &output)
        try context.checkSize(format.isOverLimit ? .max : output.count)
        return output.bytes
    }

    // MARK: Items

    /// Indexes slices, strings and maps with one index after the other.
    private static func index(_ slots: UnsafeBufferPointer<Slot>) throws(FunctionError) -> Slot {
        if slots.count == 2, case .object(let object) = slots[0].value, case .string(let key) = slots[1].value
        {
            return Slot(object[key].map { GoValue($0) } ?? .none, boxed: true)
        }
        var item = Slot(slots[0].value)
        if item.isInvalid { throw .message("index of untyped nil") }
        for indexSlot in slots.dropFirst() {
            if case .typed(let typed) = item.value { item.value = typed.pointee }
            if case .none = item.value { throw .message("index of nil pointer") }
            let index = Slot(indexSlot.value)
            switch item.value {
            case .object(let object):
                let key = try mapKey(index)
                item = Slot(object[key].map { GoValue($0) } ?? .none, boxed: true)
            case .map(let map):
                let key = try mapKey(index)
                item = Slot(
                    map[key] ?? zero(of: map.type.element), boxed: map.type.element?.kind == .interface)
            case .array(let items):
                let position = try indexArgument(index, items.count, "slice")
                item = Slot(GoValue(items[position]), boxed: true)
            case .list(let items):
                let position = try indexArgument(index, items.count, "slice")
                item = Slot(items[position], boxed: true)
            case .strings(let texts):
                let position = try indexArgument(index, texts.count, "slice")
                item = Slot(.string(texts[position]))
            case .slice(let slice):
                let position = try indexArgument(index, slice.items.count, "slice")
                item = Slot(slice.items[position], boxed: slice.type.element?.kind == .interface)
            case .bytes(let bytes), .rawString(let bytes):
                let position = try indexArgument(
                    index, bytes.count, item.value.type.kind == .string ? "string" : "slice")
                item = Slot(.unsigned(.uint8, UInt64(bytes[position])))
            case .string(let text):
                let position = try indexArgument(index, text.utf8.count, "string")
                let place = text.utf8.index(text.utf8.startIndex, offsetBy: position)
                item = Slot(.unsigned(.uint8, UInt64(text.utf8[place])))
            case .typed(let typed):
                item = try indexTyped(typed, index)
            default: throw .message("can't index item of type \(item.value.typeName)")
            }
        }
        return item
    }

    private static func indexTyped(_ typed: TypedValue, _ index: Slot) throws(FunctionError) -> Slot {
        switch typed.type.kind {
        case .map:
            let key = try mapKey(index)
            let isBoxed = typed.type.element?.kind == .any
            return Slot(typed.entry(named: key) ?? GoValue(.null, type: typed.type.element), boxed: isBoxed)
        case .slice:
            let items = typed.value.array ?? []
            let position = try indexArgument(index, items.count, "slice")
            return Slot(
                GoValue(items[position], type: typed.type.element), boxed: typed.type.element?.kind == .any)
        case .string:
            let bytes = Array((typed.value.string ?? "").utf8)
            let position = try indexArgument(index, bytes.count, "string")
            return Slot(.unsigned(.uint8, UInt64(bytes[position])))
        case .pointer, .wrapper, .duration: throw .message("index of nil pointer")
        default: throw .message("can't index item of type \(typed.type.name)")
        }
    }

    private static func zero(of type: GoType?) -> GoValue {
        switch type?.kind {
        case .string: .string("")
        case .int: .int(0)
        case .int64: .int64(0)
        case .bool: .bool(false)
        case .float64: .float64(0)
        default: .none
        }
    }

    private static func mapKey(_ index: Slot) throws(FunctionError) -> String {
        switch index.value {
        case .string(let text): return text
        case .rawString(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .none: throw .message("value is nil; should be of type string")
        default: throw .message("value has type \(index.value.typeName); should be string")
        }
    }

    /// Returns an index below `count`. An index equal to `count` passes Go's own check and fails in its reflection.
    private static func indexArgument(
        _ index: Slot, _ count: Int, _ container: String
    ) throws(FunctionError) -> Int {
        let position = try sliceArgument(index, count)
        if position == count { throw .message("reflect: \(container) index out of range") }
        return position
    }

    private static func sliceArgument(_ index: Slot, _ capacity: Int) throws(FunctionError) -> Int {
        let number: Int64
        switch index.value {
        case .int(let int): number = Int64(int)
        case .int64(let int), .signed(_, let int): number = int
        case .unsigned(_, let unsigned): number = Int64(bitPattern: unsigned)
        case .none where !index.isBoxed: throw .message("cannot index slice/array with nil")
        default:
            throw .message("cannot index slice/array with type \(index.typeName)")
        }
        if number < 0 || number > Int64(capacity) { throw .message("index out of range: \(number)") }
        return Int(number)
    }

    /// Slices a value: `slice x 1 2` is `x[1:2]`.
    private static func slice(
        _ slots: UnsafeBufferPointer<Slot>, _ context: FunctionContext
    ) throws(FunctionError) -> GoValue {
        var item = slots[0].value
        if case .none = item { throw .message("slice of untyped nil") }
        if case .typed(let typed) = item {
            if typed.type.kind == .pointer, typed.isNil { throw .message("slice of nil pointer") }
            item = typed.pointee
        }
        let indexes = slots.dropFirst()
        if indexes.count > 3 { throw .message("too many slice indexes: \(indexes.count)") }
        let kind = item.type.kind
        guard kind == .string || kind == .slice else {
            throw .message("can't slice item of type \(item.typeName)")
        }
        if kind == .string, indexes.count == 3 { throw .message("cannot 3-index slice a string") }
        let count = kind == .string ? item.withStringBytes(\.count) : item.itemCount
        let capacity = count + item.spare.count
        // All of a list is copied, because the result keeps its capacity. Of a string, only the result is copied.
        if kind == .slice { try context.count(steps: capacity / 4) }
        var bounds = [0, count, capacity]
        for (position, index) in indexes.enumerated() {
            if index.isBoxed { throw .message("cannot index slice/array with type interface {}") }
            bounds[position] = try sliceArgument(index, capacity)
        }
        if bounds[0] > bounds[1] { throw .message("invalid slice index: \(bounds[0]) > \(bounds[1])") }
        if bounds[1] > bounds[2] { throw .message("invalid slice index: \(bounds[1]) > \(bounds[2])") }
        if kind == .string {
            try context.count(handledBytes: bounds[1] - bounds[0])
            return .text(item.withStringBytes { Array($0[bounds[0]..<bounds[1]]) })
        }
        if case .bytes(let bytes) = item { return .bytes(Array(bytes[bounds[0]..<bounds[1]])) }
        let all = (item.items ?? []) + item.spare
        return .slice(
            GoSlice(
                type: item.type, items: Array(all[bounds[0]..<bounds[1]]),
                spare: Array(all[bounds[1]..<bounds[2]])))
    }

    private static func length(_ slot: Slot) throws(FunctionError) -> Int {
        var value = slot.value
        if case .typed(let typed) = value {
            if typed.type.kind == .pointer, typed.isNil { throw .message("len of nil pointer") }
            value = typed.pointee
        }
        switch value {
        case .string(let text): return text.utf8.count
        case .rawString(let bytes), .bytes(let bytes): return bytes.count
        case .object(let object): return object.count
        case .map(let map): return map.count
        case .none where slot.isBoxed: throw .message("len of nil pointer")
        case .none: throw .message("reflect: call of reflect.Value.Type on zero Value")
        case .typed(let typed):
            switch typed.type.kind {
            case .map: return typed.value.object?.count ?? 0
            case .slice: return typed.value.array?.count ?? 0
            case .string: return typed.value.string?.utf8.count ?? 0
            case .bytes: return Base64.decode(typed.value.string ?? "")?.count ?? 0
            default: throw .message("len of type \(typed.type.name)")
            }
        default:
            guard value.type.kind == .slice else { throw .message("len of type \(value.typeName)") }
            return value.itemCount
        }
    }

    /// Returns the error of `call`, which always fails, because data contains no functions.
    private static func uncallable(_ slot: Slot, _ name: [UInt8]) -> FunctionError {
        if case .none = slot.value { return .message("call of nil") }
        var shown = name
        if shown.isEmpty { shown = slot.value.stringBytes ?? Array("<\(slot.value.typeName) Value>".utf8) }
        return .failed(
            GoFormat.printf("non-function %s of type %s", [.text(shown), .string(slot.value.typeName)]))
    }
}

extension GoValue {
    /// The number of items of any slice.
    var itemCount: Int {
        switch self {
        case .array(let items): items.count
        case .list(let items): items.count
        case .strings(let texts): texts.count
        case .bytes(let bytes): bytes.count
        case .slice(let slice): slice.items.count
        case .typed(let typed): typed.value.array?.count ?? 0
        default: 0
        }
    }

    /// The items after a slice's end that its array still has. `slice` may include them.
    var spare: [GoValue] { if case .slice(let slice) = self { slice.spare } else { [] } }
}
