public import Values
import Synchronization

/// A registry of counters, gauges and histograms, with their exposition for Prometheus.
///
/// In: names and closed sets of label values at the start, then counts. Out: an exposition. Each metric is registered
/// once; the order of registration is the order of the exposition. Threads count with atomics (2 to 10 ns). The
/// registry is independent of what is counted, and of HTTP and its compression.
///
/// A name that is registered twice or is not a valid Prometheus name is a programming error and prevents the start.
public final class MetricsRegistry: Sendable {
    private let families = Mutex<[any MetricFamily]>([])

    public init() {}

    // MARK: Metrics without labels

    public func counter(_ name: String, _ help: String) -> Counter {
        add(CounterFamily(name, help, labels: [])).series(at: 0)
    }

    public func gauge(_ name: String, _ help: String) -> Gauge {
        add(GaugeFamily(name, help, labels: [])).series(at: 0)
    }

    /// Registers a histogram with the upper bounds of its buckets, in ascending order; `+Inf` is added.
    public func histogram(_ name: String, _ help: String, buckets: [Double]) -> Histogram {
        add(HistogramFamily(name, help, labels: [], buckets: buckets)).series(at: 0)
    }

    // MARK: Metrics with labels

    public func counters(_ name: String, _ help: String, labels: [MetricLabel]) -> CounterFamily {
        add(CounterFamily(name, help, labels: labels))
    }

    public func gauges(_ name: String, _ help: String, labels: [MetricLabel]) -> GaugeFamily {
        add(GaugeFamily(name, help, labels: labels))
    }

    public func histograms(
        _ name: String, _ help: String, labels: [MetricLabel], buckets: [Double]
    ) -> HistogramFamily {
        add(HistogramFamily(name, help, labels: labels, buckets: buckets))
    }

    // MARK: Metrics that are read at each exposition

    /// Registers a gauge that is 1 and has information in its labels (`build_info`).
    public func info(_ name: String, _ help: String, labels: [(name: String, value: String)]) {
        let text = labels.map { ($0.name, $0.value) }
        _ = add(ReadFamily(name, help, kind: .gauge, labels: text) { 1 })
    }

    /// Registers a gauge whose value is read at each exposition; nil omits it.
    public func gauge(_ name: String, _ help: String, read: @escaping @Sendable () -> Double?) {
        _ = add(ReadFamily(name, help, kind: .gauge, labels: [], read: read))
    }

    /// Registers a counter whose value is read at each exposition; nil omits it.
    public func counter(_ name: String, _ help: String, read: @escaping @Sendable () -> Double?) {
        _ = add(ReadFamily(name, help, kind: .counter, labels: [], read: read))
    }

    // MARK: Exposition

    /// Writes the exposition of all metrics.
    public func exposition(_ format: ExpositionFormat, into output: inout ByteBuffer) {
        let families = families.withLock { $0 }
        var writer = ExpositionWriter(format: format)
        for family in families { family.write(with: &writer, into: &output) }
        if format == .openMetrics { output.append("# EOF\n") }
    }

    public func exposition(_ format: ExpositionFormat) -> [UInt8] {
        var output = ByteBuffer(capacity: 16_384)
        exposition(format, into: &output)
        return output.bytes
    }

    private func add<Family: MetricFamily>(_ family: Family) -> Family {
        precondition(MetricName.isValid(family.name), "malformed metric name \(family.name)")
        families.withLock { families in
            precondition(
                !families.contains { $0.name == family.name }, "metric \(family.name) is registered twice")
            families.append(family)
        }
        return family
    }
}

/// A label and all values that it can have. Any other value is counted as `other`, so that external input cannot create
/// an unlimited number of series.
public struct MetricLabel: Sendable {
    public static let other = "other"

    public let name: String
    public let values: [String]
    private let places: [String: Int]

    public init(_ name: String, _ values: [String]) {
        precondition(MetricName.isValid(name), "malformed label name \(name)")
        self.name = name
        self.values = values.contains(Self.other) ? values : values + [Self.other]
        places = Dictionary(
            self.values.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func place(of value: String) -> Int { places[value] ?? places[Self.other] ?? 0 }
}

enum MetricName {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    static func isValid(_ name: String) -> Bool {
        var first = true
        for byte in name.utf8 {
            let isLetter =
                byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":")
            guard isLetter || !first && byte &- UInt8(ascii: "0") < 10 else { return false }
            first = false
        }
        return !first
    }
}
