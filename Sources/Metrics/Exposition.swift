import Values

enum MetricKind: String {
    case counter, gauge, histogram
}

/// The two text formats that Prometheus reads.
public enum ExpositionFormat: Sendable {
    /// The text format 0.0.4.
    case text
    /// OpenMetrics 1.0.
    case openMetrics

    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// Selects the format that an `Accept` header prefers: OpenMetrics if it is listed with a weight that plain text
    /// does not exceed, otherwise the text format.
    public init(accept header: String?) {
        self = .text
        guard let header else { return }
        var openMetrics = 0.0
        var text = 0.0
        for part in header.split(byte: ",") {
            let fields = part.split(byte: ";").map(ExpositionFormat.trimmed)
            guard let type = fields.first?.lowercased() else { continue }
            var weight = 1.0
            var version = "1.0.0"
            for field in fields.dropFirst() {
                if field.begins(with: "q=") { weight = NumberFormat.double(String(field.dropFirst(2))) ?? 0 }
                if field.begins(with: "version=") { version = String(field.dropFirst(8)) }
            }
            if type == "application/openmetrics-text", version == "1.0.0" {
                openMetrics = max(openMetrics, weight)
            }
            if type == "text/plain" { text = max(text, weight) }
        }
        if openMetrics > 0, openMetrics >= text { self = .openMetrics }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

/// Writes metrics in one of the formats.
struct ExpositionWriter {
    let format: ExpositionFormat

    /// Writes the lines before the samples. OpenMetrics names counters without the `_total` that their samples have.
    mutating func begin(_ name: String, _ help: String, _ kind: MetricKind, into output: inout ByteBuffer) {
        let suffix = "_total"
        let isOpenCounter = format == .openMetrics && kind == .counter && name.ends(with: suffix)
        let family = isOpenCounter ? String(name.dropLast(suffix.utf8.count)) : name
        output.append("# HELP ")
        output.append(family)
        output.append(UInt8(ascii: " "))
        append(escaping: help, quotes: format == .openMetrics, into: &output)
        output.append("\n# TYPE ")
        output.append(family)
        output.append(UInt8(ascii: " "))
        output.append(kind.rawValue)
        output.append(UInt8(ascii: "\n"))
    }

    mutating func sample(
        _ name: String, suffix: String, _ labels: [(name: String, value: String)], _ value: Double,
        into output: inout ByteBuffer
    ) {
        output.append(name)
        output.append(suffix)
        for (index, label) in labels.enumerated() {
            output.append(index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
            output.append(label.name)
            output.append("=\"")
            append(escaping: label.value, quotes: true, into: &output)
            output.append(UInt8(ascii: "\""))
        }
        if !labels.isEmpty { output.append(UInt8(ascii: "}")) }
        output.append(UInt8(ascii: " "))
        append(value, into: &output)
        output.append(UInt8(ascii: "\n"))
    }

    /// The upper bound of a bucket as a label; OpenMetrics requires a decimal point in every number.
    func bound(_ value: Double) -> String {
        if value.isInfinite { return "+Inf" }
        let text = NumberFormat.text(value)
        let isWhole = !text.utf8.contains(UInt8(ascii: ".")) && !text.utf8.contains(UInt8(ascii: "e"))
        return format == .openMetrics && isWhole ? text + ".0" : text
    }

    private func append(_ value: Double, into output: inout ByteBuffer) {
        if let whole = Int64(exactly: value) {
            NumberFormat.append(whole, into: &output)
        } else {
            NumberFormat.append(value, style: .general, into: &output)
        }
    }

    private func append(escaping text: String, quotes: Bool, into output: inout ByteBuffer) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): output.append("\\\\")
            case 0x0A: output.append("\\n")
            case UInt8(ascii: "\"") where quotes: output.append("\\\"")
            default: output.append(byte)
            }
        }
    }
}
