public import Values

/// Data that the templates of one set share while they are rendered one after the other: what one changes, the next
/// ones see.
public indirect enum SharedData: Sendable {
    case plain(Value)
    /// A value seen through a type, with the type's methods.
    case typed(Value, ObjectType)
    /// A map whose type has a name of its own.
    case named(String, Value)
    /// A map of data; `typeName` is `map[string]interface {}` where nil.
    case map(typeName: String?, [(key: String, value: SharedData)])
    /// The very value at a path of keys from the top, which was made before this one; a map may have another type's
    /// name here.
    case place(typeName: String?, [String])
}

/// One template of a set to be rendered over shared data.
public struct SharedJob: Sendable {
    /// The template's name.
    public var entry: String
    /// Where its data is, by keys from the top; a map.
    public var place: [String]
    /// The type under which the template sees that map.
    public var typeName: String?
    /// What is set in that map before the template runs.
    public var members: [(key: String, value: SharedData)]

    public init(
        entry: String, place: [String], typeName: String? = nil,
        members: [(key: String, value: SharedData)]
    ) {
        self.entry = entry
        self.place = place
        self.typeName = typeName
        self.members = members
    }
}

/// A set of templates that can be rendered one after the other over data that they share.
public protocol SharedDataTemplate: CompiledTemplate {
    /// Renders the jobs in order. Steps and output of all jobs together are bounded by the limits.
    ///
    /// - Parameters:
    ///   - usage: of all jobs so far, also where one fails.
    ///   - finish: is given the output of each job as it ends, by its index.
    func render(
        _ jobs: [SharedJob], over data: SharedData, limits: RenderLimits, usage: inout RenderUsage,
        finish: (Int, [UInt8]) -> Void
    ) throws(RenderError)

    /// Where in the templates what one job wrote comes from; the jobs before it run too.
    func sourceMap(
        of job: Int, in jobs: [SharedJob], over data: SharedData, limits: RenderLimits
    ) -> (map: SourceMap, output: [UInt8])?
}

/// A method of a typed value that takes texts: `Has`, `Get`, `Glob`.
public struct ObjectMethod: Sendable {
    public enum Result: Sendable {
        case value(Value)
        case typed(Value, ObjectType)
        /// A text that need not be UTF-8.
        case text([UInt8])
    }

    /// How many texts it takes.
    public var parameters: Int
    public var call: @Sendable (_ receiver: Value, _ arguments: [String]) -> Result

    public init(parameters: Int, call: @escaping @Sendable (Value, [String]) -> Result) {
        self.parameters = parameters
        self.call = call
    }
}
