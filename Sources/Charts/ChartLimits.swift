public import PluginAPI

/// What a chart may cost before anything of it is rendered; rendering is bounded by `RenderLimits`.
///
/// The largest public charts have some 1,500 files, 12 MiB unpacked and charts four deep; the defaults leave room for
/// twice that.
public struct ChartLimits: Sendable, Equatable {
    /// Bytes of the archive as it came.
    public var archiveBytes = 16 << 20
    /// Bytes of all files together, unpacked, those of archives within archives too; a gzip stream ends here.
    public var unpackedBytes = 64 << 20
    /// Bytes of one file, as Helm bounds it.
    public var fileBytes = 5 << 20
    /// Files, those of subcharts and of archives within archives among them.
    public var files = 10_000
    /// Charts, the chart itself among them.
    public var charts = 200
    /// Charts within charts.
    public var depth = 16
    /// Bytes of the values that come with an archive.
    public var valuesBytes = 4 << 20
    /// Steps of checking values against their schemas.
    public var schemaSteps = 2_000_000

    public init() {}
}

/// Why a chart was not loaded or rendered: a code, a sentence, and the file of the chart that it is about.
public struct ChartError: Error, Sendable, Equatable {
    /// The kind, for machines.
    public enum Code: String, Sendable {
        /// The archive cannot be read, or holds what no chart may hold.
        case archive = "chart_archive_invalid"
        /// A file that makes a chart is missing or wrong: Chart.yaml, values.yaml, a schema.
        case chart = "chart_invalid"
        /// Values cannot be read or merged.
        case values = "chart_values_invalid"
        /// Values are not as the chart's schema wants them.
        case schema = "chart_schema_violated"
        /// A limit of `ChartLimits`.
        case limit = "chart_limit_exceeded"
        /// What a template wrote is not YAML.
        case output = "chart_output_invalid"
    }

    public var code: Code
    public var message: String
    /// Within the chart: `templates/a.yaml`; nil where no single file is to blame.
    public var file: String?
    public var line: Int?

    /// Where in which template what is wrong was written.
    public var writtenBy: RenderError.Place?

    public init(_ code: Code, _ message: String, file: String? = nil, line: Int? = nil) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
    }
}
