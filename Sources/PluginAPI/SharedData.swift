public import Values

/// Data that the templates of one set share while they are rendered one after the other. Changes by one template are
/// visible to the next ones.
public indirect enum SharedData: Sendable {
    case plain(Value)
    /// A value seen through a type, with the type's methods.
    case typed(Value, ObjectType)
    /// A map with the given type name.
    case named(String, Value)
    /// A map of data. If `typeName` is nil, it is `map[string]interface {}`.
    case map(typeName: String?, [(key: String, value: SharedData)])
    /// A reference to the value at a path of keys from the top, which must have been created before. A map can have a
    /// different type name here.
    case place(typeName: String?, [String])
}

/// One template of a set to be rendered over shared data.
public struct SharedJob: Sendable {
    /// The template's name.
    public var entry: String
    /// The path of keys from the top to its data, which is a map.
    public var place: [String]
    /// The type name of that map for the template.
    public var typeName: String?
    /// The members that are set in that map before the template runs.
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
    /// Renders the jobs in order. The limits apply to the steps and output of all jobs together.
    ///
    /// - Parameters:
    ///   - usage: the usage of all jobs so far, also if one fails.
    ///   - finish: called with the index and the output of each job when it ends.
    func render(
        _ jobs: [SharedJob], over data: SharedData, limits: RenderLimits, usage: inout RenderUsage,
        finish: (Int, [UInt8]) -> Void
    ) throws(RenderError)

    /// Returns the source map and the output of one job. The jobs before it are rendered too.
    func sourceMap(
        of job: Int, in jobs: [SharedJob], over data: SharedData, limits: RenderLimits
    ) -> (map: SourceMap, output: [UInt8])?
}

/// A method of a typed value that takes strings, such as `Has`, `Get` or `Glob`.
public struct ObjectMethod: Sendable {
    public enum Result: Sendable {
        case value(Value)
        case typed(Value, ObjectType)
        /// Text that need not be UTF-8.
        case text([UInt8])
    }

    /// The number of parameters.
    public var parameters: Int
    public var call: @Sendable (_ receiver: Value, _ arguments: [String]) -> Result

    public init(parameters: Int, call: @escaping @Sendable (Value, [String]) -> Result) {
        self.parameters = parameters
        self.call = call
    }
}
