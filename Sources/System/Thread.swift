import CWorkMeter
import Glibc

/// A thread of the operating system.
public struct Thread: @unchecked Sendable {
    private let handle: pthread_t

    /// The stack size of a main thread. Parsers and engines are recursive, and JSON or YAML of the maximum depth needs
    /// much less than this, also in a debug build. Memory is only allocated when it is used.
    public static let wholeStack = 8 << 20

    /// Starts a thread that runs the body; nil if the system cannot start a thread.
    ///
    /// `join` must be called once. Use `detach` for a thread that is not joined.
    public init?(stackBytes: Int = Self.wholeStack, _ body: @escaping @Sendable () -> Void) {
        guard let handle = Self.start(Body(body), stackBytes: stackBytes, isDetached: false) else {
            return nil
        }
        self.handle = handle
    }

    /// Waits for the end of the thread. Must be called only once.
    public func join() { pthread_join(handle, nil) }

    /// Starts a thread that is not joined; false if the system cannot start a thread.
    public static func detach(stackBytes: Int, _ body: @escaping @Sendable () -> Void) -> Bool {
        start(Body(body), stackBytes: stackBytes, isDetached: true) != nil
    }

    // The check that the body did not escape contains the length of this file's path. With a fixed path, builds in
    // folders with different names produce the same bytes.
    #sourceLocation(file:"Thread",line:28)
    /// Runs the body on a thread with a stack of that size, and waits for it. Its allocations are charged to this
    /// thread's work.
    ///
    /// - Returns: false if the system cannot start the thread. Then the body did not run.
    public static func run(stackBytes: Int, _ body: () -> Void) -> Bool {
        let meter = work_meter_current()
        let metered = {
            _ = work_meter_bind(meter)
            body()
        }
        return withoutActuallyEscaping(metered) { body in
            guard let handle = start(Body(body), stackBytes: stackBytes, isDetached: false) else {
                return false
            }
            pthread_join(handle, nil)
            return true
        }
    }
    #sourceLocation()

    /// Suspends this thread for some time.
    public static func sleep(milliseconds: Int) {
        guard milliseconds > 0 else { return }
        var rest = timespec(tv_sec: milliseconds / 1_000, tv_nsec: milliseconds % 1_000 * 1_000_000)
        var left = timespec()
        while nanosleep(&rest, &left) != 0, errno == EINTR { rest = left }
    }

    private final class Body {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    private static func start(_ body: Body, stackBytes: Int, isDetached: Bool) -> pthread_t? {
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return nil }
        defer { pthread_attr_destroy(&attributes) }
        guard pthread_attr_setstacksize(&attributes, stackBytes) == 0 else { return nil }
        if isDetached { pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED)) }
        let handed = Unmanaged.passRetained(body)
        var thread = pthread_t()
        guard pthread_create(&thread, &attributes, main, handed.toOpaque()) == 0 else {
            handed.release()
            return nil
        }
        return thread
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
        handed in
        guard let handed else { return nil }
        Unmanaged<Body>.fromOpaque(handed).takeRetainedValue().run()
        return nil
    }
}
