import Values

/// Converts a value of the engine directly to the value of its JSON, without JSON text in between. Most of a chart's
/// data can be converted.
enum PlainValue {
    /// The greatest nesting depth of maps and lists. Deeper ones are converted by way of the text.
    private static let depthLimit = 64

    /// Returns the value that parsing its JSON would give. nil if it has to be converted by way of the text, such as
    /// typed and native values, strings that are not UTF-8, and numbers with an exponent.
    ///
    /// - Throws: a limit's error. The work and bytes are counted as those of the text would be.
    static func of(_ value: GoValue, _ call: Call) throws(FunctionError) -> Value? {
        var bytes = 0
        return try plain(value, 0, &bytes, call)
    }

    private static func plain(
        _ value: GoValue, _ depth: Int, _ bytes: inout Int, _ call: Call
    ) throws(FunctionError) -> Value? {
        try call.work(1)
        bytes += 2
        try call.room(bytes: bytes)
        switch value {
        case .none: return .null
        case .bool(let flag): return .bool(flag)
        case .int(let number): return .int(Int64(number))
        case .int64(let number): return .int(number)
        case .float64(let number): return self.number(number)
        case .string(let text):
            bytes += text.utf8.count
            return .string(text)
        case .array(let items): return try list(items.lazy.map { GoValue($0) }, depth, &bytes, call)
        case .list(let items): return try list(items, depth, &bytes, call)
        case .object(let object): return try map(object, depth, &bytes, call)
        case .map(let map):
            if let data = map.unchanged { return try self.map(data, depth, &bytes, call) }
            guard depth < depthLimit else { return nil }
            var members: [Member] = []
            members.reserveCapacity(map.count)
            for (key, member) in map.sortedMembers {
                bytes += key.utf8.count
                guard let plain = try plain(member, depth + 1, &bytes, call) else { return nil }
                members.append(Member(key, plain))
            }
            return .object(Object(members))
        default: return nil
        }
    }

    private static func map(
        _ object: Object, _ depth: Int, _ bytes: inout Int, _ call: Call
    ) throws(FunctionError) -> Value? {
        guard depth < depthLimit else { return nil }
        var members: [Member] = []
        members.reserveCapacity(object.count)
        for member in object.members {
            bytes += member.key.utf8.count
            guard let plain = try plain(GoValue(member.value), depth + 1, &bytes, call) else { return nil }
            members.append(Member(member.key, plain))
        }
        return .object(Object(members))
    }

    private static func list(
        _ items: some Collection<GoValue>, _ depth: Int, _ bytes: inout Int, _ call: Call
    ) throws(FunctionError) -> Value? {
        guard depth < depthLimit else { return nil }
        var values: [Value] = []
        values.reserveCapacity(items.count)
        for item in items {
            guard let plain = try plain(item, depth + 1, &bytes, call) else { return nil }
            values.append(plain)
        }
        return .array(values)
    }

    /// Converts a number. JSON writes an integer without a decimal point, so it is parsed as an integer.
    private static func number(_ number: Double) -> Value? {
        let size = number.magnitude
        if number == 0 { return number.sign == .minus ? nil : .int(0) }
        guard size >= 1e-4, size < 1e15 else { return nil }
        return number.rounded(.towardZero) == number ? .int(Int64(number)) : .double(number)
    }
}
