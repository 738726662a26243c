import Synchronization
import Values

/// A metric of the registry: its name, and its exposition.
protocol MetricFamily: AnyObject, Sendable {
    var name: String { get }
    func write(with writer: inout ExpositionWriter, into output: inout ByteBuffer)
}

/// The series of a metric with labels, each created at first use.
///
/// Families of at most 64 counters or histograms show all of them from the start, because a rate needs the zero before
/// the first increment. Larger families, and gauges, show only series that were used: a gauge that was not set has no
/// value.
final class SeriesTable<Series: AnyObject & Sendable>: Sendable {
    let labels: [MetricLabel]
    private let series: Mutex<[Series?]>
    private let make: @Sendable () -> Series

    static var shownFromTheStart: Int { 64 }

    init(
        labels: [MetricLabel], isShownFromTheStart: Bool = true, make: @escaping @Sendable () -> Series
    ) {
        self.labels = labels
        self.make = make
        // The value `other` is only for unknown values and is not counted here.
        let count = labels.reduce(1) { $0 * $1.values.count }
        let expected = labels.reduce(1) { $0 * max($1.values.count - 1, 1) }
        var all = [Series?](repeating: nil, count: count)
        if isShownFromTheStart, expected <= Self.shownFromTheStart {
            for index in all.indices where !SeriesTable.isOther(index, labels) { all[index] = make() }
        }
        series = Mutex(all)
    }

    /// Whether one of the series' label values is `other`.
    private static func isOther(_ index: Int, _ labels: [MetricLabel]) -> Bool {
        values(at: index, labels).contains { $0.value == MetricLabel.other }
    }

    /// Returns the series of these label values, in the order of the labels; missing values are `other`.
    func callAsFunction(_ values: [String]) -> Series {
        var index = 0
        for (place, label) in labels.enumerated() {
            index = index * label.values.count + label.place(of: place < values.count ? values[place] : "")
        }
        return self[index]
    }

    subscript(index: Int) -> Series {
        series.withLock { series in
            if let existing = series[index] { return existing }
            let made = make()
            series[index] = made
            return made
        }
    }

    /// The series that are shown, with their labels.
    var shown: [(labels: [(name: String, value: String)], series: Series)] {
        series.withLock { $0 }.enumerated().compactMap { index, series in
            series.map { (SeriesTable.values(at: index, labels), $0) }
        }
    }

    private static func values(
        at index: Int, _ labels: [MetricLabel]
    ) -> [(name: String, value: String)] {
        var rest = index
        var result: [(name: String, value: String)] = []
        for label in labels.reversed() {
            result.append((label.name, label.values[rest % label.values.count]))
            rest /= label.values.count
        }
        return result.reversed()
    }
}

/// A metric with labels whose series are counters.
public final class CounterFamily: MetricFamily {
    let name: String
    private let help: String
    private let table: SeriesTable<Counter>

    init(_ name: String, _ help: String, labels: [MetricLabel]) {
        self.name = name
        self.help = help
        table = SeriesTable(labels: labels) { Counter() }
    }

    /// Returns the counter of these label values, in the order in which the labels were registered. A caller that uses
    /// it often should keep it: finding it takes a hash for each label and a lock.
    public func callAsFunction(_ values: String...) -> Counter { table(values) }

    func series(at index: Int) -> Counter { table[index] }

    func write(with writer: inout ExpositionWriter, into output: inout ByteBuffer) {
        writer.begin(name, help, .counter, into: &output)
        for (labels, counter) in table.shown {
            writer.sample(name, suffix: "", labels, Double(counter.value), into: &output)
        }
    }
}

/// A metric with labels whose series are gauges.
public final class GaugeFamily: MetricFamily {
    let name: String
    private let help: String
    private let table: SeriesTable<Gauge>

    init(_ name: String, _ help: String, labels: [MetricLabel]) {
        self.name = name
        self.help = help
        table = SeriesTable(labels: labels, isShownFromTheStart: labels.isEmpty) { Gauge() }
    }

    /// Returns the gauge of these label values, in the order in which the labels were registered.
    public func callAsFunction(_ values: String...) -> Gauge { table(values) }

    func series(at index: Int) -> Gauge { table[index] }

    func write(with writer: inout ExpositionWriter, into output: inout ByteBuffer) {
        writer.begin(name, help, .gauge, into: &output)
        for (labels, gauge) in table.shown {
            writer.sample(name, suffix: "", labels, gauge.value, into: &output)
        }
    }
}

/// A metric with labels whose series are histograms.
public final class HistogramFamily: MetricFamily {
    let name: String
    private let help: String
    private let table: SeriesTable<Histogram>

    init(_ name: String, _ help: String, labels: [MetricLabel], buckets: [Double]) {
        self.name = name
        self.help = help
        table = SeriesTable(labels: labels) { Histogram(buckets: buckets) }
    }

    /// Returns the histogram of these label values, in the order in which the labels were registered.
    public func callAsFunction(_ values: String...) -> Histogram { table(values) }

    func series(at index: Int) -> Histogram { table[index] }

    func write(with writer: inout ExpositionWriter, into output: inout ByteBuffer) {
        writer.begin(name, help, .histogram, into: &output)
        for (labels, histogram) in table.shown {
            let state = histogram.state
            var total: UInt64 = 0
            for (index, count) in state.counts.enumerated() {
                total &+= count
                let bound = index < histogram.bounds.count ? histogram.bounds[index] : .infinity
                let le = [(name: "le", value: writer.bound(bound))]
                writer.sample(name, suffix: "_bucket", labels + le, Double(total), into: &output)
            }
            writer.sample(name, suffix: "_sum", labels, state.sum, into: &output)
            writer.sample(name, suffix: "_count", labels, Double(total), into: &output)
        }
    }
}

/// A metric whose value is read at each exposition.
final class ReadFamily: MetricFamily {
    let name: String
    private let help: String
    private let kind: MetricKind
    private let labels: [(name: String, value: String)]
    private let read: @Sendable () -> Double?

    init(
        _ name: String, _ help: String, kind: MetricKind, labels: [(name: String, value: String)],
        read: @escaping @Sendable () -> Double?
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.read = read
    }

    func write(with writer: inout ExpositionWriter, into output: inout ByteBuffer) {
        guard let value = read() else { return }
        writer.begin(name, help, kind, into: &output)
        writer.sample(name, suffix: "", labels, value, into: &output)
    }
}
