import CRendererABI
import Glibc
import System
import Values

/// Runs the child's side of `IsolatedRenderer`: opens the library, sends its description on descriptor 0, and answers
/// calls there until the parent is gone.
///
/// - Parameter path: the library's path, the operand of the hidden verb.
/// - Returns: the exit status.
public func runIsolatedRenderer(_ path: String) -> Int32 {
    closefrom(3)
    dieOfSignals()
    let socket = FrameSocket(0)
    let library: PluginLibrary
    do throws(PluginRefusal) {
        try PluginFile.check(path)
        library = try PluginLibrary(path)
    } catch {
        var frame = FrameWriter(.refused)
        frame.text(error.reason)
        return answer(frame.finish(), socket) ? 1 : 2
    }
    confine()
    var hello = FrameWriter(.hello)
    hello.description(library.description)
    guard answer(hello.finish(), socket) else { return 2 }
    var templates: [UInt64: LibraryTemplate] = [:]
    while let (kind, payload) = try? socket.receive(largest: Frame.largest, until: nil) {
        var reader = FrameReader(payload)
        do {
            let id = try reader.number()
            switch kind {
            case .forget: templates[id] = nil
            case .compile:
                let (sources, options) = try reader.template()
                guard answer(compile(id, sources, options, library, &templates), socket) else { return 2 }
            case .render:
                let limits = try reader.limits()
                guard answer(render(templates[id], try reader.bytes(), limits), socket) else { return 2 }
            default: return 2
            }
        } catch {
            return 2
        }
    }
    return 0
}

/// Resets signal handlers, so that a crash ends the process immediately. The runtime's handlers would build a backtrace
/// first.
private func dieOfSignals() {
    for number in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP] { signal(number, SIG_DFL) }
}

/// The memory limit of a child. If an engine exceeds it, the call fails.
private let mostMemory: UInt = 2 << 30

/// Restricts the child: it can no longer open files or write core dumps, and its memory is limited. Descriptors 0 to 2
/// are in use, so the limit of 3 does not allow another one.
private func confine() {
    limit(RLIMIT_NOFILE, to: 3)
    limit(RLIMIT_CORE, to: 0)
    limit(RLIMIT_FSIZE, to: 0)
    limit(RLIMIT_AS, to: mostMemory)
}

private func limit(_ resource: __rlimit_resource, to value: UInt) {
    var limit = rlimit(rlim_cur: value, rlim_max: value)
    setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
}

/// Sets an alarm that kills the child after the deadline, in case the parent, which normally does this, is gone.
private func setAlarm(_ deadline: UInt64?) {
    guard let deadline else {
        alarm(0)
        return
    }
    let now = MonotonicClock.nanoseconds
    let seconds = deadline > now ? (deadline - now) / 1_000_000_000 : 0
    alarm(UInt32(clamping: seconds + 5))
}

private func compile(
    _ id: UInt64, _ sources: TemplateSources, _ options: CompileOptions, _ library: PluginLibrary,
    _ templates: inout [UInt64: LibraryTemplate]
) -> [UInt8]? {
    setAlarm(options.limits.deadline)
    defer { setAlarm(nil) }
    let call = PluginCall(limits: options.limits)
    if let template = LibraryTemplate.compile(sources, options, library, call) {
        templates[id] = template
        return result(call, nil)
    }
    return result(
        call,
        call.reported
            ?? RenderError(
                kind: .engine,
                detail:
                    "engine \"\(library.description.id)\" did not compile the template and did not say why"))
}

private func render(
    _ template: LibraryTemplate?, _ json: ArraySlice<UInt8>, _ limits: RenderLimits
) -> [UInt8]? {
    setAlarm(limits.deadline)
    defer { setAlarm(nil) }
    guard let template, let data = try? JSON.read(Array(json)) else { return nil }
    let call = PluginCall(data: data, limits: limits)
    return result(call, template.render(call, limits: limits))
}

private func result(_ call: PluginCall, _ error: RenderError?) -> [UInt8]? {
    var usage = RenderUsage()
    usage.steps = call.steps
    var frame = FrameWriter(error == nil ? .done : .failed)
    frame.usage(usage)
    call.withOutput { frame.bytes($0) }
    if let error { frame.error(error) }
    return frame.finish()
}

private func answer(_ frame: [UInt8]?, _ socket: FrameSocket) -> Bool {
    guard let frame else { return false }
    return (try? socket.send(frame, until: nil)) != nil
}
