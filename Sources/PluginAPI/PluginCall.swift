import CRendererABI
import Glibc
import System
import Values

/// One call of an engine: the callbacks for the engine, their counts, and the error that the engine reported.
///
/// This is a class because an engine holds a pointer to it, and because a render that does not end keeps it alive after
/// its caller has given up.
final class PluginCall: @unchecked Sendable {
    private let limits: RenderLimits
    private let data: Value
    private(set) var output = ByteBuffer()
    private(set) var steps = 0
    /// The reason why this side stopped the call. It takes precedence over the engine's report.
    private(set) var stopped: RenderError?
    private(set) var reported: RenderError?
    private var memory = PluginMemory()
    private var json: pillion_text?
    /// The values that the engine has requested, by JSON pointer. A template that requests the whole data a thousand
    /// times gets one copy.
    private var found: [String: pillion_value] = [:]

    /// The maximum length of a message in bytes. A longer message is truncated.
    private static let longestMessage = 64 << 10

    init(data: Value = .null, limits: RenderLimits) {
        self.data = data
        self.limits = limits
    }

    /// The minimum time between the start of a call and its deadline, in nanoseconds.
    private static let leastTime: UInt64 = 5_000_000

    /// Throws if the deadline is too near to call a loaded engine. The engine might not stop at the deadline, and a
    /// caller that first tries with a small time limit (as the server does on connection threads) would pay for a
    /// thread or process that is then blocked.
    static func checkTime(_ deadline: UInt64?) throws(RenderError) {
        guard let deadline, MonotonicClock.nanoseconds &+ leastTime > deadline else { return }
        throw RenderError(
            kind: .deadline, detail: "template: the deadline leaves no time for a loaded engine")
    }

    /// Calls a closure with the current output, which the call still owns.
    func withOutput<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R { output.withBytes { body($0) } }

    // MARK: Records for the engine

    var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    var reporter: pillion_reporter { pillion_reporter(context: context, report: reportOf) }

    var sink: pillion_sink { pillion_sink(context: context, write: writeOf, poll: pollOf, report: reportOf) }

    var dataRecord: pillion_data { pillion_data(context: context, json: jsonOf, find: findOf) }

    // MARK: Callbacks

    fileprivate func write(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
        if stopped != nil { return PILLION_STOPPED }
        if count == 0 { return PILLION_OK }
        guard let bytes, count > 0 else {
            return stop(
                .init(kind: .engine, detail: "the engine wrote \(UInt(bitPattern: count)) bytes from NULL"))
        }
        guard count <= limits.outputBytes - output.count else {
            return stop(at: limits.reached(.outputBytes))
        }
        bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
            output.append(UnsafeBufferPointer(start: $0, count: count))
        }
        return PILLION_OK
    }

    fileprivate func poll(_ further: UInt64) -> Int32 {
        if stopped != nil { return PILLION_STOPPED }
        let (sum, overflow) = steps.addingReportingOverflow(Int(clamping: further))
        steps = overflow ? .max : sum
        guard steps <= limits.steps else {
            return stop(at: limits.reached(.steps))
        }
        if let deadline = limits.deadline, MonotonicClock.nanoseconds >= deadline {
            return stop(.init(kind: .deadline, detail: "template: the deadline passed after \(steps) steps"))
        }
        return PILLION_OK
    }

    private func stop(at limit: ReachedLimit) -> Int32 {
        stop(RenderError(limit, head: "template: "))
    }

    private func stop(_ error: RenderError) -> Int32 {
        stopped = error
        return PILLION_STOPPED
    }

    fileprivate func report(_ error: UnsafePointer<pillion_error>?) {
        guard reported == nil else { return }
        guard let error = error?.pointee, let message = bytes(error.message),
            let name = bytes(error.source_name)
        else {
            reported = RenderError(
                kind: .engine, detail: "the engine failed and reported NULL where a message should be")
            return
        }
        var place: RenderError.Place?
        var detail = Array("template: ".utf8)
        if error.line > 0 || !name.isEmpty {
            detail += name
            if error.line > 0 {
                place = .init(
                    template: String(decoding: name, as: UTF8.self), line: Int(error.line),
                    column: error.column > 0 ? Int(error.column) : nil)
                detail += Array(":\(error.line)".utf8)
                if error.column > 0 { detail += Array(":\(error.column)".utf8) }
            }
            detail += Array(": ".utf8)
        }
        detail += message.prefix(Self.longestMessage)
        let limit = Self.limit(error.limit, of: limits)
        let kind: RenderError.Kind =
            switch error.kind {
            case UInt32(PILLION_ERROR_PARSE): .parse
            case UInt32(PILLION_ERROR_EXECUTION): .execution
            case UInt32(PILLION_ERROR_LIMIT) where limit != nil: .limit
            default: .engine
            }
        reported = RenderError(
            kind: kind, detailBytes: detail, place: place, limit: kind == .limit ? limit : nil)
    }

    private func bytes(_ text: pillion_text) -> UnsafeRawBufferPointer? {
        guard text.size >= 0, text.data != nil || text.size == 0 else { return nil }
        return UnsafeRawBufferPointer(start: text.data, count: min(text.size, Self.longestMessage))
    }

    /// The limits by their number in `pillion_error.limit`, from 1. The order is part of the interface.
    private static let numbered: [RenderLimit] = [
        .sourceBytes, .nesting, .nodes, .steps, .outputBytes, .depth, .rangeItems,
    ]

    private static func limit(_ number: UInt32, of limits: RenderLimits) -> ReachedLimit? {
        guard number >= 1, number <= numbered.count else { return nil }
        return limits.reached(numbered[Int(number) - 1])
    }

    fileprivate func wholeJSON() -> pillion_text {
        if let json { return json }
        var text = ByteBuffer()
        JSON.write(data, into: &text)
        let kept = text.withBytes { memory.keep($0) }
        json = kept
        return kept
    }

    fileprivate func find(_ pointer: pillion_text, _ found: UnsafeMutablePointer<pillion_value>?) -> Int32 {
        guard let found, let pointer = bytes(pointer) else { return 0 }
        let name = String(decoding: pointer, as: UTF8.self)
        if let known = self.found[name] {
            found.pointee = known
            return 1
        }
        guard let value = (try? JSONPointer(parsing: name))?.value(in: data) else { return 0 }
        var text = ByteBuffer(capacity: 32)
        if case .string(let string) = value { text.append(string) } else { JSON.write(value, into: &text) }
        var answer = pillion_value()
        answer.text = text.withBytes { memory.keep($0) }
        (answer.kind, answer.count) =
            switch value {
            case .null: (UInt32(PILLION_NULL), 0)
            case .bool: (UInt32(PILLION_BOOL), 0)
            case .int: (UInt32(PILLION_INTEGER), 0)
            case .double: (UInt32(PILLION_NUMBER), 0)
            case .string: (UInt32(PILLION_STRING), 0)
            case .array(let items): (UInt32(PILLION_ARRAY), UInt64(items.count))
            case .object(let object): (UInt32(PILLION_OBJECT), UInt64(object.count))
            }
        self.found[name] = answer
        found.pointee = answer
        return 1
    }
}

/// Copies of bytes, which live as long as a call.
struct PluginMemory: ~Copyable {
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit { for block in blocks { free(block) } }

    mutating func keep(_ bytes: UnsafeBufferPointer<UInt8>) -> pillion_text {
        guard let source = bytes.baseAddress, !bytes.isEmpty, let block = malloc(bytes.count) else {
            return pillion_text(data: nil, size: 0)
        }
        memcpy(block, source, bytes.count)
        blocks.append(block)
        return pillion_text(data: UnsafePointer(block.assumingMemoryBound(to: CChar.self)), size: bytes.count)
    }

    mutating func keep(_ bytes: [UInt8]) -> pillion_text { bytes.withUnsafeBufferPointer { keep($0) } }

    mutating func keep(_ text: String) -> pillion_text { keep(Array(text.utf8)) }
}

extension pillion_limits {
    init(_ limits: RenderLimits) {
        func count(_ limit: Int) -> UInt64 { limit == .max ? 0 : UInt64(max(limit, 1)) }
        self.init(
            source_bytes: count(limits.sourceBytes), nesting: count(limits.nesting),
            nodes: count(limits.nodes),
            steps: count(limits.steps), output_bytes: count(limits.outputBytes), depth: count(limits.depth),
            range_items: count(limits.rangeItems), deadline: limits.deadline ?? 0)
    }
}

// The callbacks are functions of this file instead of closures, because they must not belong to an actor.

private func call(_ context: UnsafeMutableRawPointer?) -> PluginCall? {
    context.map { Unmanaged<PluginCall>.fromOpaque($0).takeUnretainedValue() }
}

private func writeOf(_ context: UnsafeMutableRawPointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int)
    -> Int32
{
    call(context)?.write(bytes, count) ?? PILLION_STOPPED
}

private func pollOf(_ context: UnsafeMutableRawPointer?, _ steps: UInt64) -> Int32 {
    call(context)?.poll(steps) ?? PILLION_STOPPED
}

private func reportOf(_ context: UnsafeMutableRawPointer?, _ error: UnsafePointer<pillion_error>?) {
    call(context)?.report(error)
}

private func jsonOf(_ context: UnsafeMutableRawPointer?) -> pillion_text {
    call(context)?.wholeJSON() ?? pillion_text(data: nil, size: 0)
}

private func findOf(
    _ context: UnsafeMutableRawPointer?, _ pointer: pillion_text,
    _ value: UnsafeMutablePointer<pillion_value>?
) -> Int32 {
    call(context)?.find(pointer, value) ?? 0
}
