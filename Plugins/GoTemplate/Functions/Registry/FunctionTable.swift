import Synchronization
import Values

/// The values that a parameter accepts.
enum ParameterType: Sendable {
    /// Go's reflect.Value: any value, with the interface that holds it.
    case reflected
    /// `interface {}`: anything.
    case any
    case type(GoType)
}

/// The functions that a template may call, by name: the built-in ones and those of the selected sets.
struct FunctionTable: Sendable {
    final class Entry: Sendable {
        enum Kind: Sendable {
            case builtin(Builtin)
            case native(TemplateFunction)
        }

        let name: String
        let kind: Kind
        /// The types of the parameters. If the function is variadic, the last one is the item type.
        private let parameters: [ParameterType]
        let parameterCount: Int
        /// Whether any parameter does not accept every value.
        let checks: Bool
        let isVariadic: Bool
        /// Whether the result may be in an interface.
        let isBoxed: Bool

        init(
            _ name: String, kind: Kind, parameters: [ParameterType], isVariadic: Bool, isBoxed: Bool
        ) {
            self.name = name
            self.kind = kind
            self.parameters = parameters
            parameterCount = parameters.count
            checks = parameters.contains { if case .type = $0 { true } else { false } }
            self.isVariadic = isVariadic
            self.isBoxed = isBoxed
        }

        func parameter(at index: Int) -> ParameterType {
            index < parameters.count ? parameters[index] : parameters.last ?? .any
        }
    }

    /// The functions of each set; later sets take precedence. A template calls few of several hundred functions, so
    /// they are searched linearly: building a dictionary of all took a third of the time to compile a template.
    private let sets: [[TemplateFunction]]
    private let allowsImpure: Bool
    private let refusesImpure: Bool
    private let without: [String]
    /// Whether any of the functions changes maps in place.
    let mutates: Bool
    /// The functions that have been looked up, a few dozen. The templates of a chart call the same ones, so each
    /// signature is parsed only once.
    private let entries = Entries()

    private final class Entries: Sendable {
        let known = Mutex<[Entry]>([])
    }

    /// - Parameters:
    ///   - sets: later ones take precedence.
    ///   - impure: whether functions that depend on more than their arguments are available.
    ///   - refusing: whether such functions exist even if they are not available; calling them fails.
    ///   - without: names that are excluded.
    init(_ sets: [FunctionSet], impure: Bool, refusing: Bool = false, without: [String] = []) {
        self.sets = sets.map(\.functions)
        allowsImpure = impure
        refusesImpure = refusing
        self.without = without
        mutates = self.sets.contains { functions in
            functions.withBorrowedItems { items in
                for index in 0..<items.count where items[index].content.mutates { return true }
                return false
            }
        }
    }

    func has(_ name: String) -> Bool { self[name] != nil }

    /// Returns the function of a set that a template calls by a name.
    private func function(_ name: String) -> TemplateFunction? {
        if without.contains(name) { return nil }
        for functions in sets.reversed() {
            guard let index = FunctionTable.lastIndex(of: name, in: functions) else { continue }
            if allowsImpure || functions[index].isPure { return functions[index] }
            if refusesImpure { return functions[index].refused }
        }
        return nil
    }

    private static func lastIndex(of name: String, in functions: [TemplateFunction]) -> Int? {
        let count = name.utf8.count
        return functions.withBorrowedItems { items in
            for index in (0..<items.count).reversed()
            where items[index].content.name.utf8.count == count
                && items[index].content.name.hasSameBytes(as: name)
            {
                return index
            }
            return nil
        }
    }

    private static let builtins = Builtin.allCases.map { builtin in
        Entry(
            builtin.rawValue, kind: .builtin(builtin), parameters: builtin.parameters,
            isVariadic: builtin.isVariadic, isBoxed: builtin == .index || builtin == .and || builtin == .or)
    }

    /// There are few: building a dictionary of them takes longer than compiling a template.
    private static func builtin(_ name: String) -> Entry? { builtins.first { $0.name == name } }

    /// All names, for finding the nearest one.
    var names: [String] {
        let named = sets.joined().filter { allowsImpure || refusesImpure || $0.isPure }.map(\.name)
        return named.filter { !without.contains($0) } + Builtin.allCases.map(\.rawValue)
    }

    subscript(name: String) -> Entry? {
        if let known = entries.known.withLock({ $0.first { $0.name.hasSameBytes(as: name) } }) {
            return known
        }
        guard let entry = function(name).map(FunctionTable.entry) ?? FunctionTable.builtin(name) else {
            return nil
        }
        entries.known.withLock { $0.append(entry) }
        return entry
    }

    private static func entry(of function: TemplateFunction) -> Entry {
        let signature = function.signature
        return Entry(
            function.name, kind: .native(function),
            parameters: signature.parameters.map { $0.kind == .interface ? .any : .type($0) },
            isVariadic: signature.isVariadic, isBoxed: signature.result.kind == .interface)
    }
}

/// The functions of Go's text/template itself.
enum Builtin: String, Sendable, CaseIterable {
    case and, call, html, index, js, len, not, or, print, printf, println, slice, urlquery
    case eq, ge, gt, le, lt, ne

    var isVariadic: Bool {
        switch self {
        case .len, .not, .ge, .gt, .le, .lt, .ne: false
        default: true
        }
    }

    var parameters: [ParameterType] {
        switch self {
        case .and, .or, .call, .index, .slice, .eq: [.reflected, .reflected]
        case .html, .js, .print, .println, .urlquery: [.any]
        case .printf: [.type(.string), .any]
        case .len, .not: [.reflected]
        case .ge, .gt, .le, .lt, .ne: [.reflected, .reflected]
        }
    }
}
