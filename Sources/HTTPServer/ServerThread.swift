// The C library's thread types come to Swift through whichever module includes them first, here CMicrohttpd.
import CMicrohttpd
import Glibc

/// A thread of the operating system with a stack of known size.
public struct ServerThread: @unchecked Sendable {
    private let handle: pthread_t

    /// Starts a thread that runs the body; nil where the system gives none.
    public init?(stackBytes: Int, _ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        let argument = Unmanaged.passRetained(ThreadBody(body))
        var thread = pthread_t()
        guard pthread_create(&thread, &attributes, threadMain, argument.toOpaque()) == 0 else {
            argument.release()
            return nil
        }
        handle = thread
    }

    /// Waits for its end; once only.
    public func join() { pthread_join(handle, nil) }
}

private final class ThreadBody {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
    return nil
}
