import Glibc

/// A thread for work that waits on the API server, so that no other has to.
public struct ClusterThread: @unchecked Sendable {
    private let handle: pthread_t

    /// What is delivered is compiled on this thread, and parsers recurse. Memory is taken only as it is used.
    private static let stackBytes = 8 << 20

    /// nil where the system gives no thread.
    public init?(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        let argument = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let status = pthread_create(&thread, &attributes, Self.main, argument.toOpaque())
        guard status == 0 else {
            argument.release()
            return nil
        }
        handle = thread
    }

    /// Waits for its end; once only.
    public func join() { pthread_join(handle, nil) }

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
        argument in
        guard let argument else { return nil }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
}
