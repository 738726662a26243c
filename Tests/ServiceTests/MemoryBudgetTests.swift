import CAllocationCount
import PluginAPI
import System
import TestSupport
import Testing
import Values

@testable import Service

/// Counts the memory that renderings hold. Needs the program's own allocation functions, which a sanitizer replaces.
@Suite struct MemoryBudgetTests {
    private static let isCounted = allocations_are_counted() == 1

    private func render(_ source: String, memory: Int, engine: String = "gotemplate") throws -> RenderAnswer {
        var request = RenderRequest(
            engine: engine, sources: TemplateSources(TemplateSource(name: "t", text: source)))
        request.options.functionSets = engine == "gotemplate" ? ["sprig"] : []
        request.data = [
            "s": .string(String(repeating: "x", count: 100_000)), "l": .array((0..<100).map { .int($0) }),
        ]
        var limits = RenderLimits.server
        limits.memory = memory
        limits.steps = .max
        return request.run(registry: try StandardPlugins.registry(), limits: limits)
    }

    /// Keeps twenty strings of a megabyte.
    private static let keeps = """
        {{$l := list}}{{range $i := until 20}}{{$l = append $l (repeat 1000000 (toString $i))}}{{end}}{{len $l}}
        """

    @Test(.enabled(if: isCounted), arguments: [(16 << 20, false), (24 << 20, false), (48 << 20, true)])
    func whatIsKeptCounts(memory: Int, passes: Bool) throws {
        let answer = try render(Self.keeps, memory: memory)
        #expect(answer.problem?.limit == (passes ? nil : .memory), "\(answer.problem?.detail ?? "")")
        #expect(answer.problem?.status == (passes ? nil : 422))
    }

    /// Freed memory does not count.
    @Test(.enabled(if: isCounted)) func whatIsDroppedDoesNotCount() throws {
        let answer = try render(
            "{{range $i := until 60}}{{$x := repeat 1000000 (toString (mod $i 10))}}{{end}}", memory: 8 << 20)
        #expect(answer.problem == nil, "\(answer.problem?.detail ?? "")")
    }

    @Test(
        .enabled(if: isCounted),
        arguments: [
            ("gotemplate", "{{range .l}}{{$.s}}{{end}}"), ("mustache", "{{#l}}{{s}}{{/l}}"),
        ])
    func outputCounts(engine: String, source: String) throws {
        let small = try render(source, memory: 4 << 20, engine: engine)
        #expect(small.problem?.limit == .memory, "\(small.problem?.detail ?? "")")
        #expect(try render(source, memory: 40 << 20, engine: engine).problem == nil)
    }

    /// Four times as many values hold about four times as much memory.
    @Test(.enabled(if: isCounted)) func whatIsHeldGrowsLinearly() throws {
        func held(_ count: Int) -> Int {
            let meter = WorkMeter()
            return meter.run {
                let text = Array("[\(String(repeating: "{\"a\":1},", count: count))0]".utf8)
                let before = meter.live
                let value = try? JSON.read(text)
                return withExtendedLifetime(value) { meter.live - before }
            }
        }
        let one = held(10_000)
        let four = held(40_000)
        #expect(four > one * 3 && four < one * 5, "\(one) and \(four)")
    }

    /// If all work together exceeds the limit, work that holds much is stopped, and work that holds little continues.
    @Test(.enabled(if: isCounted)) func workTogetherHasALimit() {
        func stopped(holding bytes: Int, beside others: Int, of limit: Int) -> WorkStop? {
            let pool = WorkMemory(limit: limit)
            let other = WorkMeter(pool: pool)
            let meter = WorkMeter(pool: pool)
            other.run {
                let held = [UInt8](repeating: 1, count: others)
                meter.run {
                    let kept = [UInt8](repeating: 1, count: bytes)
                    withExtendedLifetime(kept) {}
                }
                withExtendedLifetime(held) {}
            }
            #expect(pool.used == 0)
            return meter.stopped
        }
        #expect(stopped(holding: 20 << 20, beside: 1 << 20, of: 10 << 20) == .overload)
        #expect(stopped(holding: 9 << 20, beside: 6 << 20, of: 10 << 20) == .overload)
        #expect(stopped(holding: 9 << 20, beside: 0, of: 10 << 20) == nil)
        #expect(stopped(holding: 6 << 20, beside: 0, of: 1 << 20) == nil)
    }

    /// Answers that wait to be sent count, and may take up to half of the limit.
    @Test func answersThatWaitCount() {
        let pool = WorkMemory(limit: 1000)
        defer { pool.deallocate() }
        #expect(pool.holdAnswer(500))
        #expect(!pool.holdAnswer(1))
        #expect(pool.used == 500)
        pool.releaseAnswer(500)
        #expect(!pool.holdAnswer(501))
        #expect(pool.holdAnswer(500))
    }

    @Test func theProcessKnowsItsMemory() {
        #expect(ProcessMemory.resident > 1 << 20)
    }
}
