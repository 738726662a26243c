import Synchronization

/// What a parameter takes.
enum ParameterType: Sendable {
    /// Go's reflect.Value: anything, with the interface that it stands in.
    case reflected
    /// `interface {}`: anything.
    case any
    case type(GoType)
}

/// The functions that a template may call, by name: built-in ones and those of the sets that were asked for.
struct FunctionTable: Sendable {
    final class Entry: Sendable {
        enum Kind: Sendable {
            case builtin(Builtin)
            case native(TemplateFunction)
        }

        let name: String
        let kind: Kind
        /// The last one is the item type where the function is variadic.
        private let parameters: [ParameterType]
        let parameterCount: Int
        /// Whether any parameter takes less than everything.
        let checks: Bool
        let isVariadic: Bool
        /// Whether the result may stand in an interface.
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

    private let functions: [String: TemplateFunction]
    /// Those that were asked for, some dozens: templates of a chart call the same ones, and a signature is parsed once.
    private let entries = Entries()

    private final class Entries: Sendable {
        let known = Mutex<[Entry]>([])
    }

    /// - Parameters:
    ///   - sets: later ones win.
    ///   - impure: whether functions are there that depend on more than their arguments.
    ///   - refusing: whether such functions exist all the same, and fail when they are called.
    ///   - without: names that are left out.
    init(_ sets: [FunctionSet], impure: Bool, refusing: Bool = false, without: Set<String> = []) {
        var functions: [String: TemplateFunction] = [:]
        for set in sets {
            for function in set.functions {
                if impure || function.isPure {
                    functions[function.name] = function
                } else if refusing {
                    functions[function.name] = function.refused
                }
            }
        }
        for name in without { functions[name] = nil }
        self.functions = functions
    }

    /// Whether a function is among them that changes maps in place.
    var mutates: Bool { functions.values.contains { $0.mutates } }

    func has(_ name: String) -> Bool {
        FunctionTable.builtin(name) != nil || !functions.isEmpty && functions[name] != nil
    }

    private static let builtins = Builtin.allCases.map { builtin in
        Entry(
            builtin.rawValue, kind: .builtin(builtin), parameters: builtin.parameters,
            isVariadic: builtin.isVariadic, isBoxed: builtin == .index || builtin == .and || builtin == .or)
    }

    /// They are few: a dictionary of them takes longer to make than a template to compile.
    private static func builtin(_ name: String) -> Entry? { builtins.first { $0.name == name } }

    /// All names, for finding the nearest.
    var names: [String] { functions.keys + Builtin.allCases.map(\.rawValue) }

    subscript(name: String) -> Entry? {
        guard !functions.isEmpty else { return FunctionTable.builtin(name) }
        if let known = entries.known.withLock({ $0.first { $0.name == name } }) { return known }
        guard let function = functions[name] else { return FunctionTable.builtin(name) }
        let signature = function.signature
        let entry = Entry(
            name, kind: .native(function),
            parameters: signature.parameters.map { $0.kind == .interface ? .any : .type($0) },
            isVariadic: signature.isVariadic, isBoxed: signature.result.kind == .interface)
        entries.known.withLock { $0.append(entry) }
        return entry
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
