/// The outcome of reading something: what was found, or why nothing was.
public enum Reading<Found: Sendable>: Sendable {
    case found(Found)
    /// It does not exist.
    case missing(String)
    /// The right that is missing: `get on secrets (resourceNames: pillion-tls) in namespace pillion-system`.
    case denied(right: String)
    /// The API server did not answer, or with something else.
    case failed(String)
    /// Nobody looked, and why: the files do not hold it, or the limit of requests was reached.
    case notRead(String)

    public var value: Found? {
        guard case .found(let value) = self else { return nil }
        return value
    }

    /// Whether it is known that nothing is there.
    var isMissing: Bool {
        guard case .missing = self else { return false }
        return true
    }

    /// Why it is not known; nil where it is.
    var unknown: (reason: String, right: String?)? {
        switch self {
        case .found, .missing: nil
        case .denied(let right): ("expected the right to \(right)", right)
        case .failed(let message), .notRead(let message): (message, nil)
        }
    }

    func map<Other: Sendable>(_ body: (Found) -> Other) -> Reading<Other> {
        switch self {
        case .found(let value): .found(body(value))
        case .missing(let what): .missing(what)
        case .denied(let right): .denied(right: right)
        case .failed(let message): .failed(message)
        case .notRead(let reason): .notRead(reason)
        }
    }
}
