/// A method of a `NativeValue` that a template may call: its parameters and its implementation.
///
/// Arguments are checked before the call, as in Go: their number, then their types.
public struct NativeMethod: Sendable {
    public typealias Body = @Sendable ([GoValue], FunctionContext) throws(FunctionError) -> GoValue

    let parameters: [GoType]
    /// The reason why Go cannot call it at all: `function Date has 3 return values; should be 1 or 2`.
    let refusal: String?
    /// Whether the result is in an interface.
    let isBoxed: Bool
    let body: Body

    public init(_ parameters: [GoType] = [], isBoxed: Bool = false, _ body: @escaping Body) {
        self.parameters = parameters
        self.isBoxed = isBoxed
        self.body = body
        refusal = nil
    }

    private init(refusal: String) {
        parameters = []
        isBoxed = false
        self.refusal = refusal
        body = { _, _ throws(FunctionError) in .none }
    }

    /// Returns a method that has two results, of which the second is not an error.
    static func pair(_ name: String, second: String) -> NativeMethod {
        NativeMethod(
            refusal:
                "invalid function signature for \(name): second return value should be error; is \(second)"
        )
    }

    /// Returns a method with more than two results.
    static func many(_ name: String, _ count: Int) -> NativeMethod {
        NativeMethod(refusal: "function \(name) has \(count) return values; should be 1 or 2")
    }
}

/// A method with its receiver. It exists between the evaluation of the receiver and that of the arguments.
final class BoundMethod: NativeValue {
    let name: String
    let method: NativeMethod

    init(_ name: String, _ method: NativeMethod) {
        self.name = name
        self.method = method
    }

    private static let type = GoType(name: "func", kind: .function)
    var goType: GoType { BoundMethod.type }
    var printed: String { "0xc000010000" }
    func member(named name: String) -> GoValue? { nil }
}
