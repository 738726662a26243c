import PluginAPI
import Values

/// A running loop: its items, its position, and the dot to restore.
struct RangeLoop {
    enum Items {
        /// A number of iterations, each with its number in the integer's own type.
        case count(Int, GoType)
        /// The same for an enum, whose numbers print as names.
        case numbers(Int, ObjectType)
        case array([Value])
        case list([GoValue])
        /// Other slices, whose items are not in interfaces.
        case plain([GoValue])
        /// A map of the data, sorted by key.
        case members([Member])
        case entries([(key: String, value: GoValue)], boxed: Bool)
        case empty

        var isCounting: Bool {
            switch self {
            case .count, .numbers: true
            default: false
            }
        }
    }

    let items: Items
    let loop: Program.Loop
    let dot: Slot
    let dots: Int
    let count: Int
    /// The origin of the value that it iterates over.
    let origin: Origin
    var position = 0

    init(items: Items, origin: Origin, loop: Program.Loop, dot: Slot, dots: Int) {
        self.items = items
        self.origin = origin
        self.loop = loop
        self.dot = dot
        self.dots = dots
        count =
            switch items {
            case .count(let count, _), .numbers(let count, _): max(count, 0)
            case .array(let items): items.count
            case .list(let items), .plain(let items): items.count
            case .members(let members): members.count
            case .entries(let entries, _): entries.count
            case .empty: 0
            }
    }

    /// Returns the items of a value; nil if Go does not iterate over such values.
    static func items(of value: GoValue) -> Items? {
        switch value {
        case .none: return .empty
        case .array(let items): return .array(items)
        case .list(let items): return .list(items)
        case .object(let object): return .members(object.sortedMembers)
        case .int, .int64, .signed: return .count(Int(value.integer ?? 0), value.type)
        case .unsigned(let type, let number): return .count(Int(clamping: number), type)
        case .map(let map):
            if map.holdsInterfaces, let data = map.unchangedScalars { return .members(data.sortedMembers) }
            return .entries(value.sortedMembers ?? [], boxed: map.type.element?.kind == .interface)
        case .strings, .bytes: return .plain(value.items ?? [])
        case .slice(let slice):
            return slice.type.element?.kind == .interface ? .list(slice.items) : .plain(slice.items)
        case .typed(let typed):
            if typed.type.kind == .pointer, typed.isNil { return nil }
            guard case .typed(let inner) = typed.pointee else { return items(of: typed.pointee) }
            let isBoxed = inner.type.element?.kind == .any
            switch inner.type.kind {
            case .enumeration: return .numbers(Int(inner.enumerationNumber), inner.type)
            case .map: return .entries(GoValue.typed(inner).sortedMembers ?? [], boxed: isBoxed)
            case .slice:
                let items = GoValue.typed(inner).items ?? []
                return isBoxed ? .list(items) : .plain(items)
            default: return nil
            }
        default: return nil
        }
    }

    /// The value of the current iteration.
    var element: Slot {
        switch items {
        case .count(_, let type):
            if type.kind.isUnsigned { return Slot(.unsigned(type, UInt64(position))) }
            return Slot(.signed(Int64(position), as: type))
        case .numbers(_, let type): return Slot(GoValue(.int(Int64(position)), type: type))
        case .array(let items): return Slot(GoValue(items[position]), boxed: true)
        case .list(let items): return Slot(items[position], boxed: true)
        case .plain(let items): return Slot(items[position])
        case .members(let members): return Slot(GoValue(members[position].value), boxed: true)
        case .entries(let entries, let boxed): return Slot(entries[position].value, boxed: boxed)
        case .empty: return Slot(.none)
        }
    }

    /// The index or key of the current iteration.
    var key: Slot {
        switch items {
        case .members(let members): Slot(.string(members[position].key))
        case .entries(let entries, _): Slot(.string(entries[position].key))
        case .count, .numbers, .empty: Slot(.none)
        default: Slot(.int(position))
        }
    }
}
