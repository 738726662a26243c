/// The result of reading something: its value, or the reason why it is missing.
public enum Reading<Found: Sendable>: Sendable {
    case found(Found)
    /// It does not exist.
    case missing(String)
    /// The missing permission: `get on secrets (resourceNames: pillion-tls) in namespace pillion-system`.
    case denied(right: String)
    /// The API server did not answer, or answered with an error.
    case failed(String)
    /// It was not read, with the reason: the files do not contain it, or the limit of requests was reached.
    case notRead(String)

    public var value: Found? {
        guard case .found(let value) = self else { return nil }
        return value
    }

    /// Whether it is known not to exist.
    var isMissing: Bool {
        guard case .missing = self else { return false }
        return true
    }

    /// The reason why it is not known; nil if it is.
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
