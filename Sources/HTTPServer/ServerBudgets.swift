/// What the servers of a process share: memory for bodies, and the watch over answers that take long.
public final class ServerBudgets: Sendable {
    public let bodies: BodyBudget
    let watch: WorkWatch

    /// - Parameter processBytes: resident memory above which new work is refused; nil for no such limit. `--max-memory`
    public init(bodies: BodyBudget = BodyBudget(), processBytes: Int? = nil) {
        self.bodies = bodies
        watch = WorkWatch(bodies: bodies, processBytes: processBytes)
    }
}
