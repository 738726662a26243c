import Metrics
import Testing

@Suite("Metrics")
struct MetricsTests {
    private func text(_ registry: MetricsRegistry, _ format: ExpositionFormat = .text) -> String {
        String(decoding: registry.exposition(format), as: UTF8.self)
    }

    private func example() -> MetricsRegistry {
        let registry = MetricsRegistry()
        registry.counter("requests_total", "All \"requests\",\nwith a \\.").increment(by: 3)
        let gauge = registry.gauge("in_flight", "Now.")
        gauge.increment()
        gauge.add(1.5)
        let decisions = registry.counters(
            "decisions_total", "By decision.",
            labels: [MetricLabel("decision", ["inject", "skip"]), MetricLabel("reason", ["a", "b"])])
        decisions("inject", "b").increment()
        decisions("never heard of", "b").increment(by: 2)
        let seconds = registry.histogram("seconds", "How long.", buckets: [0.00001, 0.5, 1, 10])
        for value in [0.5, 0.6, 1, 100, 0] { seconds.observe(value) }
        registry.info("build_info", "What runs.", labels: [("version", "1.2"), ("by", "a \"b\" \\ \n")])
        registry.gauge("absent", "Not there.") { nil }
        return registry
    }

    @Test("the text format 0.0.4")
    func textFormat() {
        #expect(
            text(example()) == #"""
                # HELP requests_total All "requests",\nwith a \\.
                # TYPE requests_total counter
                requests_total 3
                # HELP in_flight Now.
                # TYPE in_flight gauge
                in_flight 2.5
                # HELP decisions_total By decision.
                # TYPE decisions_total counter
                decisions_total{decision="inject",reason="a"} 0
                decisions_total{decision="inject",reason="b"} 1
                decisions_total{decision="skip",reason="a"} 0
                decisions_total{decision="skip",reason="b"} 0
                decisions_total{decision="other",reason="b"} 2
                # HELP seconds How long.
                # TYPE seconds histogram
                seconds_bucket{le="1e-05"} 1
                seconds_bucket{le="0.5"} 2
                seconds_bucket{le="1"} 4
                seconds_bucket{le="10"} 4
                seconds_bucket{le="+Inf"} 5
                seconds_sum 102.1
                seconds_count 5
                # HELP build_info What runs.
                # TYPE build_info gauge
                build_info{version="1.2",by="a \"b\" \\ \n"} 1

                """#)
    }

    @Test("OpenMetrics: TYPE lines of counters without _total, bounds with a decimal point, and an end mark")
    func openMetrics() {
        let lines = text(example(), .openMetrics).split(separator: "\n")
        #expect(lines[0] == #"# HELP requests All \"requests\",\nwith a \\."#)
        #expect(lines[1] == "# TYPE requests counter")
        #expect(lines[2] == "requests_total 3")
        #expect(lines.contains(#"seconds_bucket{le="1.0"} 4"#))
        #expect(lines.contains(#"seconds_bucket{le="1e-05"} 1"#))
        #expect(lines.last == "# EOF")
    }

    @Test("large families show only what was used")
    func largeFamily() {
        let registry = MetricsRegistry()
        let codes = (0..<100).map { "c\($0)" }
        let family = registry.counters("codes_total", "By code.", labels: [MetricLabel("code", codes)])
        family("c42").increment()
        family("c1000").increment()
        #expect(
            text(registry) == """
                # HELP codes_total By code.
                # TYPE codes_total counter
                codes_total{code="c42"} 1
                codes_total{code="other"} 1

                """)
    }

    @Test(
        "the format that Accept prefers",
        arguments: [
            (nil, "text/plain"), ("*/*", "text/plain"), ("text/plain", "text/plain"),
            (
                "application/openmetrics-text; version=1.0.0; charset=utf-8,text/plain;q=0.5",
                "application/open"
            ),
            ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5", "text/plain"),
            ("text/plain,application/openmetrics-text;q=0.3", "text/plain"),
            ("application/openmetrics-text;q=0", "text/plain"),
            ("application/openmetrics-text", "application/open"),
        ])
    func accept(header: String?, type: String) {
        #expect(ExpositionFormat(accept: header).contentType.hasPrefix(type))
    }

    @Test("no count is lost with many threads")
    func threads() async {
        let registry = MetricsRegistry()
        let counter = registry.counter("n_total", "n")
        let histogram = registry.histogram("h", "h", buckets: [1, 2])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        counter.increment()
                        histogram.observe(1.5)
                    }
                }
            }
        }
        #expect(counter.value == 8_000)
        #expect(histogram.count == 8_000)
        #expect(text(registry).contains("h_sum 12000\n"))
    }

    @Test("negative increments and NaN are not counted")
    func nonsense() {
        let registry = MetricsRegistry()
        let counter = registry.counter("n_total", "n")
        counter.increment(by: -1)
        #expect(counter.value == 0)
        let histogram = registry.histogram("h", "h", buckets: [1, .infinity])
        histogram.observe(.nan)
        histogram.observe(.infinity)
        #expect(histogram.count == 1)
    }

    @Test("the metrics of the process")
    func process() throws {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry)
        let values = Dictionary(
            text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
                let parts = line.split(separator: " ")
                return (String(parts[0]), Double(parts[1]) ?? .nan)
            }, uniquingKeysWith: { first, _ in first })
        #expect(values.count == 6)
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_start_time_seconds"]) > 1_600_000_000)
        #expect(try #require(values["process_cpu_seconds_total"]) >= 0)
    }
}
