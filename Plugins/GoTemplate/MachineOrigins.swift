import PluginAPI
import Values

/// Tracks the origins of values while a template runs with tainted data. Without tainted data, everything is clean,
/// which costs one comparison.
extension Machine {
    /// Returns the origin of the value at the end of a path.
    @inline(__always)
    func origin(of path: Program.Path, from start: Origin) -> Origin {
        start == .clean ? .clean : followed(path, from: start)
    }

    private func followed(_ path: Program.Path, from start: Origin) -> Origin {
        guard let origins = context.origins else { return start == .root ? path.origin : .tainted }
        var origin = start
        for index in path.first..<path.first + path.count {
            origin = origins.member(program.names[Int(index)].text, of: origin)
        }
        return origin
    }

    /// Returns the origin of an item or member of a container that a loop iterates over.
    func origin(of key: GoValue, in container: Origin) -> Origin {
        guard let origins = context.origins else { return .tainted }
        return origins.member(key.stringText ?? key.integer.map { String($0) } ?? "", of: container)
    }

    /// Returns the origin of a slot's whole value, including the values with which a map was changed.
    @inline(__always)
    func origin(of slot: borrowing Slot) -> Origin {
        context.hasTaintedChanges ? changedOrigin(of: copy slot) : slot.origin
    }

    private func changedOrigin(of slot: Slot) -> Origin {
        switch slot.value {
        case .map, .list, .slice: break
        default: return slot.origin
        }
        guard let origins = context.origins else { return .tainted }
        return origins.union([slot.origin, origins.allChanges])
    }

    // MARK: Calls

    /// Returns the origin of the result of a built-in function.
    @inline(__always)
    func origin(
        ofCall builtin: Builtin, _ slots: UnsafeBufferPointer<Slot>, _ result: borrowing Slot
    ) -> Origin {
        hasTainted(slots) ? builtinOrigin(builtin, slots, copy result) : .clean
    }

    /// Whether one of these is made from tainted data.
    @inline(__always)
    func hasTainted(_ slots: UnsafeBufferPointer<Slot>) -> Bool {
        if context.hasTaintedChanges { return true }
        var index = 0
        while index < slots.count {
            if slots[index].origin != .clean { return true }
            index += 1
        }
        return false
    }

    @inline(never)
    private func builtinOrigin(
        _ builtin: Builtin, _ slots: UnsafeBufferPointer<Slot>, _ result: Slot
    ) -> Origin {
        guard let origins = context.origins else { return .tainted }
        let rules = OriginRules(
            table: origins, arguments: slots.map(\.value), origins: slots.map { origin(of: $0) },
            result: result.value)
        return rules.origin(of: builtin.rawValue)
    }

    /// Records the origins of the arguments of the function that is about to be called.
    ///
    /// - Returns: the origins of the arguments, if a table records them.
    func beginCall(_ slots: UnsafeBufferPointer<Slot>) -> (isTainted: Bool, origins: [Origin]) {
        guard let origins = context.origins else { return (hasTainted(slots), []) }
        let given = slots.map { origin(of: $0) }
        origins.arguments = given
        return (given.contains { $0 != .clean }, given)
    }

    /// Returns the origin of the result of a method.
    func origin(ofMethod receiver: Slot, _ arguments: [Slot]) -> Origin {
        let given = [receiver.origin] + arguments.map(\.origin)
        guard given.contains(where: { $0 != .clean }) else { return .clean }
        return context.origins?.union(given) ?? .tainted
    }

    /// Returns the origin of the result of a function of a set.
    func origin(
        of function: TemplateFunction, _ given: (isTainted: Bool, origins: [Origin]), _ arguments: [GoValue],
        _ result: GoValue
    ) -> Origin {
        // Istio's `render` gets only a text, and renders it with the root.
        let readsRoot = context.isTainted && function.name == "render"
        guard given.isTainted || readsRoot else { return .clean }
        if function.mutates, case .map(let map)? = arguments.first {
            let change = context.origins?.union(given.origins.dropFirst()) ?? .tainted
            if change != .clean {
                context.hasTaintedChanges = true
                context.origins?.noteChange(of: map, by: change)
            }
        }
        guard let origins = context.origins else { return .tainted.serialised(function.name == "quote") }
        let rules = OriginRules(
            table: origins, arguments: arguments, origins: given.origins, result: result)
        return rules.origin(of: function.name)
    }
}
