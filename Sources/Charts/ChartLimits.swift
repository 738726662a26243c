public import PluginAPI

/// Limits for loading a chart and checking its values. Rendering is limited by `RenderLimits`.
///
/// The largest public charts have about 1,500 files, 12 MiB unpacked and charts nested four deep. The defaults allow at
/// least twice that.
public struct ChartLimits: Sendable, Equatable {
    /// The size of the packed archive.
    public var archiveBytes = 16 << 20
    /// The total unpacked size of all files, including those of archives within archives. Unpacking stops here.
    public var unpackedBytes = 64 << 20
    /// The size of one file, with Helm's limit.
    public var fileBytes = 5 << 20
    /// The number of files, including those of subcharts and of archives within archives.
    public var files = 10_000
    /// The number of charts, including the chart itself.
    public var charts = 200
    /// The nesting depth of charts.
    public var depth = 16
    /// The size of the values that come with an archive.
    public var valuesBytes = 4 << 20
    /// The number of steps for checking values against their schemas.
    public var schemaSteps = 2_000_000

    public init() {}
}

/// The reason why a chart was not loaded or rendered: a code, a message, and the chart's file that it is about.
public struct ChartError: Error, Sendable, Equatable {
    /// The kind of error, for programs.
    public enum Code: String, Sendable {
        /// The archive cannot be read, or contains something that is not allowed in a chart.
        case archive = "chart_archive_invalid"
        /// Chart.yaml, values.yaml or a schema is missing or invalid.
        case chart = "chart_invalid"
        /// Values cannot be read or merged.
        case values = "chart_values_invalid"
        /// Values violate the chart's schema.
        case schema = "chart_schema_violated"
        /// A limit of `ChartLimits` is exceeded.
        case limit = "chart_limit_exceeded"
        /// A template's output is not valid YAML.
        case output = "chart_output_invalid"
    }

    public var code: Code
    public var message: String
    /// The path within the chart, for example `templates/a.yaml`; nil if the error is not about a single file.
    public var file: String?
    public var line: Int?

    /// The place in a template that wrote the invalid output.
    public var writtenBy: RenderError.Place?

    public init(_ code: Code, _ message: String, file: String? = nil, line: Int? = nil) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
    }
}
