import System

/// The memory budget for the bodies of all connections together. Bodies are charged for the bytes that have arrived.
///
/// A body of up to 64 KiB, which nearly all reviews have, is charged to a separate reserve and never waits for large
/// ones. A large body that does not fit is not read until another one is done. To prevent a deadlock, the oldest body
/// may use a part that all others must leave free, so it can always complete. A body that holds memory and arrives too
/// slowly while others wait is ended.
public final class BodyBudget: @unchecked Sendable {
    /// The maximum size of all large bodies together (`--max-body-memory`).
    public let bytes: Int
    /// The maximum size of all small bodies together.
    static let reserve = 16 << 20
    /// The maximum size of a small body.
    static let smallBytes = 64 << 10
    /// The minimum rate at which a body must arrive while others wait.
    static let bytesPerSecond = 64 << 10
    /// The part that only the oldest body may use: the size of the longest allowed body.
    private let kept: Int

    private let monitor = Monitor()
    // Guarded by the monitor.
    private var used = 0
    private var reserved = 0
    /// Large bodies in the order in which they became large.
    private var holders: [Exchange] = []

    /// - Parameter longest: the size of the longest body that a route accepts.
    public init(bytes: Int = 64 << 20, longest: Int = 7 << 20) {
        self.bytes = max(bytes, 2 * longest)
        kept = longest
    }

    /// The number of bytes that are charged.
    public var charged: Int { monitor.locked { used + reserved } }

    /// Charges further bytes of a body.
    ///
    /// - Returns: false if there is no room for them now.
    func charge(_ exchange: Exchange, _ further: Int) -> Bool {
        monitor.locked { charges(exchange, further) }
    }

    private func charges(_ exchange: Exchange, _ further: Int) -> Bool {
        let wanted = exchange.charge.bytes + further
        if !exchange.charge.isLarge, wanted <= Self.smallBytes, reserved + further <= Self.reserve {
            reserved += further
            exchange.charge.bytes = wanted
            return true
        }
        if !exchange.charge.isLarge {
            exchange.charge.isLarge = true
            reserved -= exchange.charge.bytes
            used += exchange.charge.bytes
            holders.append(exchange)
        }
        let limit = holders.first === exchange ? bytes : bytes - kept
        guard used + further <= limit else { return false }
        used += further
        exchange.charge.bytes = wanted
        return true
    }

    /// Notes that a suspended exchange waits for that many bytes.
    func wait(_ exchange: Exchange, for further: Int) {
        let hasRoom = monitor.locked {
            // Its server has already ended the waiting bodies.
            if exchange.server.isStopping { return [exchange] }
            exchange.charge.waits = further
            return takeReady()
        }
        for ready in hasRoom { ready.goOn() }
    }

    /// Releases the memory of a body, and resumes waiting bodies that now have room.
    func release(_ exchange: Exchange) {
        let ready = monitor.locked { () -> [Exchange] in
            guard exchange.charge.bytes > 0 || exchange.charge.isLarge else { return [] }
            if exchange.charge.isLarge {
                used -= exchange.charge.bytes
                holders.removeAll { $0 === exchange }
            } else {
                reserved -= exchange.charge.bytes
            }
            exchange.charge = BodyCharge()
            return takeReady()
        }
        for exchange in ready { exchange.goOn() }
    }

    /// Returns the waiting bodies that now have room, oldest first. The room that each will need is not given to the
    /// others.
    private func takeReady() -> [Exchange] {
        var ready: [Exchange] = []
        var promised = 0
        for (place, exchange) in holders.enumerated() where exchange.charge.waits > 0 {
            let limit = place == 0 ? bytes : bytes - kept
            guard used + promised + exchange.charge.waits <= limit else { continue }
            promised += exchange.charge.waits
            exchange.charge.waits = 0
            exchange.charge.seen = (0, 0)
            ready.append(exchange)
        }
        return ready
    }

    /// Ends the waiting bodies of a server that stops, because none of its connections may stay suspended.
    func giveUp(of server: HTTPServer) {
        monitor.locked {
            for exchange in holders where exchange.charge.waits > 0 && exchange.server === server {
                exchange.charge.waits = 0
                exchange.giveUp(.noRoom, isSuspended: true)
            }
        }
    }

    /// Ends bodies that wait past their deadline, and slow ones while others wait. Called ten times per second.
    func sweep(now: UInt64) {
        // The lock prevents a connection from ending meanwhile and its descriptor from being reused by another.
        monitor.locked {
            let someWait = holders.contains { $0.charge.waits > 0 }
            for exchange in holders {
                if exchange.charge.waits > 0 {
                    guard exchange.waitsTooLong(now: now) else { continue }
                    exchange.charge.waits = 0
                    exchange.giveUp(.noRoom, isSuspended: true)
                } else if someWait, exchange.isSlow(now: now) {
                    exchange.giveUp(.bodyTooSlow(bytesPerSecond: Self.bytesPerSecond), isSuspended: false)
                }
            }
        }
    }
}

/// The charge of one body. Guarded by the lock of the budget.
struct BodyCharge {
    var bytes = 0
    var isLarge = false
    /// The number of bytes that it waits for; 0 if it does not wait.
    var waits = 0
    /// The charge at an earlier time, to measure the rate at which the body arrives.
    var seen: (bytes: Int, at: UInt64) = (0, 0)
}
