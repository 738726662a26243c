/// The budgets that the servers of a process share: the memory for bodies, and the watch over slow answers.
public final class ServerBudgets: Sendable {
    public let bodies: BodyBudget
    let watch: WorkWatch

    /// - Parameter processBytes: the resident memory above which new work is refused (`--max-memory`); nil for no
    ///   limit.
    public init(bodies: BodyBudget = BodyBudget(), processBytes: Int? = nil) {
        self.bodies = bodies
        watch = WorkWatch(bodies: bodies, processBytes: processBytes)
    }
}
