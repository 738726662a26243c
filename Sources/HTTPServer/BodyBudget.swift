import System

/// Memory for bodies, of all connections together, charged by the bytes that have come.
///
/// A body of up to 64 KiB, as nearly all reviews are, is charged to a reserve of its own and never waits for large ones.
/// A large body that finds no room is not read until another one is done. So that bodies do not wait for each other for
/// ever, the oldest one may use what all others must leave free: it can always end. One that holds memory and brings too
/// little while others wait gives way.
public final class BodyBudget: @unchecked Sendable {
    /// Bytes of all bodies, besides the reserve. `--max-body-memory`
    public let bytes: Int
    /// Bytes of all small bodies.
    static let reserve = 16 << 20
    /// The longest body that is small.
    static let smallBytes = 64 << 10
    /// What a body must bring in each second while others wait.
    static let bytesPerSecond = 64 << 10
    /// What only the oldest body may use: the longest that there is.
    private let kept: Int

    private let monitor = Monitor()
    // Under the monitor's lock.
    private var used = 0
    private var reserved = 0
    /// Large bodies in the order in which they became large.
    private var holders: [Exchange] = []

    /// - Parameter longest: the longest body that a route takes.
    public init(bytes: Int = 64 << 20, longest: Int = 7 << 20) {
        self.bytes = max(bytes, 2 * longest)
        kept = longest
    }

    /// Bytes that are charged.
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
            // Its server has looked for waiting bodies for the last time.
            if exchange.server.isStopping { return [exchange] }
            exchange.charge.waits = further
            return takeReady()
        }
        for ready in hasRoom { ready.goOn() }
    }

    /// Gives back what a body was charged, and lets those go on that wait for it.
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

    /// Those that wait and have room now, the oldest first; what they will charge is kept free for them.
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

    /// Ends the bodies of a server that wait: it stops, and none of its connections may stay suspended.
    func giveUp(of server: HTTPServer) {
        monitor.locked {
            for exchange in holders where exchange.charge.waits > 0 && exchange.server === server {
                exchange.charge.waits = 0
                exchange.giveUp(.noRoom, isSuspended: true)
            }
        }
    }

    /// Ends bodies that wait past their deadline, and slow ones while others wait. Called ten times a second.
    func sweep(now: UInt64) {
        // Under the lock, so that no connection ends in between and gives its descriptor to another.
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

/// What one body is charged; changed under the lock of the budget.
struct BodyCharge {
    var bytes = 0
    var isLarge = false
    /// Bytes that it waits for; 0 if it does not wait.
    var waits = 0
    /// What had been charged at that time, to see how quickly it grows.
    var seen: (bytes: Int, at: UInt64) = (0, 0)
}
