import PluginAPI
import Values

/// Resolves fields, keys and methods along a path.
extension Machine {
    // MARK: Fields

    /// Follows a path from a value, with Go's rules for nil, missing keys, pointers and interfaces.
    @inline(__always)
    func follow(_ index: Int, from start: borrowing Slot) throws(RenderError) -> Slot {
        let path = program.paths[index]
        var members = 0
        if case .object(let object) = start.value,
            let found = Machine.walk(
                object, program.names.baseAddress.unsafelyUnwrapped + Int(path.first), Int(path.count),
                &members)
        {
            // Objects are searched from their start, which is work if they are large.
            if members >= FunctionContext.membersPerStep {
                context.steps &+= members / FunctionContext.membersPerStep
            }
            return Slot(GoValue(found), boxed: !path.unwraps, origin: origin(of: path, from: start.origin))
        }
        if case .map(let map) = start.value, !context.hasTaintedChanges,
            let found = Machine.walk(
                map, program.names.baseAddress.unsafelyUnwrapped + Int(path.first), Int(path.count), &members)
        {
            if members >= FunctionContext.membersPerStep {
                context.steps &+= members / FunctionContext.membersPerStep
            }
            return Slot(found, boxed: !path.unwraps, origin: origin(of: path, from: start.origin))
        }
        var found = try followSlowly(path, from: copy start)
        // If a map on the path was changed with tainted values, its origin is more than that of the start.
        if found.origin == start.origin { found.origin = origin(of: path, from: start.origin) }
        return found
    }

    /// Follows a path in the common case: all containers are objects of the data, and every key exists. Lengths are
    /// compared before texts, and an ASCII text is equal only to itself among texts of the same length.
    private static func walk(
        _ object: borrowing Object, _ names: UnsafeMutablePointer<Program.Name>, _ count: Int,
        _ searched: inout Int
    ) -> Value? {
        // The slot keeps the data alive, so that no references have to be retained on the way.
        var members = object.members.withUnsafeBufferPointer { $0 }
        var name = names
        let last = names + (count - 1)
        while true {
            searched &+= members.count
            guard let index = place(of: name, among: members) else { return nil }
            if name == last { return members[index].value }
            guard case .object(let inner) = members[index].value else { return nil }
            members = inner.members.withUnsafeBufferPointer { $0 }
            name += 1
        }
    }

    /// Does the same for maps that functions can change, if they are maps of `any`.
    private static func walk(
        _ start: borrowing GoMap, _ names: UnsafeMutablePointer<Program.Name>, _ count: Int,
        _ searched: inout Int
    ) -> GoValue? {
        guard start.holdsInterfaces, var value = start.value(of: names.pointee) else { return nil }
        for position in 1..<max(count, 1) {
            switch value {
            case .map(let map):
                guard map.holdsInterfaces, let inner = map.value(of: names[position]) else { return nil }
                value = inner
            case .object(let object):
                guard let inner = walk(object, names + position, count - position, &searched) else {
                    return nil
                }
                return GoValue(inner)
            default: return nil
            }
        }
        return value
    }

    @inline(__always)
    private static func place(
        of name: UnsafeMutablePointer<Program.Name>, among members: UnsafeBufferPointer<Member>
    ) -> Int? {
        for index in 0..<members.count
        where members[index].key.utf8.count == name.pointee.length && members[index].key == name.pointee.text
        {
            if name.pointee.isASCII || members[index].key.hasSameBytes(as: name.pointee.text) { return index }
        }
        return nil
    }

    private func followSlowly(_ path: Program.Path, from start: Slot) throws(RenderError) -> Slot {
        var receiver = start
        for position in 0..<path.count {
            if context.hasTaintedChanges, case .map(let map) = receiver.value {
                let change = context.origins?.change(of: map) ?? .tainted
                if change != .clean {
                    receiver.origin = context.origins?.union([receiver.origin, change]) ?? .tainted
                }
            }
            let origin = receiver.origin
            receiver = try field(
                program.names[Int(path.first + position)].text, of: receiver, arguments: nil, at: path.at)
            receiver.origin = origin
        }
        if path.unwraps { receiver.isBoxed = false }
        return receiver
    }

    /// Finds a method that is called with arguments. It is looked up before the arguments are evaluated.
    func method(_ call: Program.MethodCall, of receiver: Slot) throws(RenderError) -> Slot {
        let name = program.names[Int(call.name)].text
        let count = Int(call.count) + (call.hasFinal ? 1 : 0)
        if case .native(let native) = receiver.value, let method = native.method(named: name) {
            try check(method, name, count, at: call.at)
            return Slot(.native(BoundMethod(name, method)))
        }
        if case .typed(let typed) = receiver.value, let method = typed.textMethod(named: name) {
            try check(method, name, count, at: call.at)
            return Slot(.native(BoundMethod(name, method)))
        }
        return try field(name, of: receiver, arguments: count, at: call.at)
    }

    private func check(
        _ method: NativeMethod, _ name: String, _ count: Int, at node: NodeIndex
    ) throws(RenderError) {
        if method.parameters.count != count {
            throw error(
                at: node, "wrong number of args for %s: want %d got %d",
                [.string(name), .int(method.parameters.count), .int(count)])
        }
        if let refusal = method.refusal { throw error(at: node, "%s", [.string(refusal)]) }
    }

    private func field(
        _ name: String, of receiver: Slot, arguments: Int?, at node: NodeIndex
    ) throws(RenderError) -> Slot {
        switch receiver.value {
        case .none:
            if receiver.isBoxed {
                throw error(
                    at: node, "nil pointer evaluating %s.%s", [.string("interface {}"), .string(name)])
            }
            if program.missingKey == .error {
                throw error(at: node, "nil data; no entry for key %q", [.string(name)])
            }
            return Slot(.none)
        case .object(let object):
            if arguments != nil { throw notAMethod(name, node) }
            if let value = object[name] { return Slot(GoValue(value), boxed: true) }
            return try missing(name, elementIsInterface: true, .none, at: node)
        case .map(let map):
            if arguments != nil { throw notAMethod(name, node) }
            let isInterface = map.type.element?.kind == .interface
            if let value = map[name] { return Slot(value, boxed: isInterface) }
            return try missing(name, elementIsInterface: isInterface, .none, at: node)
        case .native(let native):
            if let member = native.member(named: name) {
                if let arguments {
                    throw error(
                        at: node, "wrong number of args for %s: want %d got %d",
                        [.string(name), .int(0), .int(arguments)])
                }
                return Slot(member)
            }
            if let method = native.method(named: name) {
                try check(method, name, arguments ?? 0, at: node)
                do throws(FunctionError) {
                    return Slot(try method.body([], context), boxed: method.isBoxed)
                } catch {
                    throw self.error(at: node, "error calling %s: %s", [.string(name), .string("\(error)")])
                }
            }
        case .typed(let typed):
            return try typedField(name, of: typed, receiver.typeName, arguments: arguments, at: node)
        default: break
        }
        throw error(
            at: node, "can't evaluate field %s in type %s", [.string(name), .string(receiver.typeName)])
    }

    private func notAMethod(_ name: String, _ node: NodeIndex) -> RenderError {
        error(at: node, "%s is not a method but has arguments", [.string(name)])
    }

    private func missing(
        _ name: String, elementIsInterface: Bool, _ zero: GoValue, at node: NodeIndex
    ) throws(RenderError) -> Slot {
        switch program.missingKey {
        case .error: throw error(at: node, "map has no entry for key %q", [.string(name)])
        case .zero: return Slot(zero, boxed: elementIsInterface)
        default: return Slot(.none)
        }
    }

    private func typedField(
        _ name: String, of typed: TypedValue, _ typeName: String, arguments: Int?, at node: NodeIndex
    ) throws(RenderError) -> Slot {
        if let result = typed.callMethod(named: name) {
            if let arguments {
                throw error(
                    at: node, "wrong number of args for %s: want %d got %d",
                    [
                        .string(name), .int(0), .int(arguments),
                    ])
            }
            return Slot(result)
        }
        if let method = typed.textMethod(named: name) { try check(method, name, arguments ?? 0, at: node) }
        if typed.type.kind == .pointer, typed.isNil {
            if typed.hasField(named: name) || typed.type.element?.kind != .structure {
                throw error(at: node, "nil pointer evaluating %s.%s", [.string(typeName), .string(name)])
            }
        } else {
            switch typed.pointee {
            case .typed(let inner):
                if inner.type.kind == .map {
                    if arguments != nil { throw notAMethod(name, node) }
                    let isInterface = inner.type.element?.kind == .any
                    if let entry = inner.entry(named: name) { return Slot(entry, boxed: isInterface) }
                    return try missing(
                        name, elementIsInterface: isInterface, GoValue(.null, type: inner.type.element),
                        at: node)
                }
                if let field = inner.field(named: name) {
                    if arguments != nil {
                        throw error(
                            at: node, "%s has arguments but cannot be invoked as function", [.string(name)])
                    }
                    return Slot(field)
                }
            case let other:
                return try self.field(name, of: Slot(other), arguments: arguments, at: node)
            }
        }
        throw error(at: node, "can't evaluate field %s in type %s", [.string(name), .string(typeName)])
    }
}
