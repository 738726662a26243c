import Values

/// Compares two objects as Kubernetes sees them after decoding. It ignores null, zero and empty members that only one
/// side has, the order of keys, and different spellings of an equal quantity.
enum ObjectComparison {
    private static let meaningful: Set<String> = ["emptyDir", "podSelector", "exec"]
    private static let quantities: Set<String> = ["limits", "requests", "capacity"]

    static func isEmpty(_ value: Value) -> Bool {
        switch value {
        case .null, .bool(false), .int(0), .string(""): true
        case .double(let number): number == 0
        case .array(let items): items.isEmpty
        case .object(let object):
            object.members.allSatisfy { isEmpty($0.value) && !meaningful.contains($0.key) }
        default: false
        }
    }

    /// The value with the JSON in annotations parsed, so that it is compared as JSON.
    static func normal(_ value: Value) -> Value {
        switch value {
        case .object(let object):
            return .object(
                Object(
                    object.members.map { member in
                        let holdsJSON = ["sidecar.istio.io/status", "proxy.istio.io/overrides"].contains(
                            member.key)
                        if holdsJSON, let text = member.value.string, let read = try? JSON.read(text) {
                            return Member(member.key, normal(read))
                        }
                        return Member(member.key, normal(member.value))
                    }))
        case .array(let items): return .array(items.map(normal))
        default: return value
        }
    }

    /// The first difference, or nil.
    static func difference(_ want: Value, _ got: Value, at path: String = "") -> String? {
        switch (want, got) {
        case (.object(let want), .object(let got)):
            let byQuantity = quantities.contains(String(path.split(separator: "/").last ?? ""))
            for key in Set(want.members.map(\.key) + got.members.map(\.key)).sorted() {
                let place = "\(path)/\(key)"
                switch (want[key], got[key]) {
                case (let value?, nil):
                    if !isEmpty(value) || meaningful.contains(key) {
                        return "\(place): missing, want \(JSON.text(value))"
                    }
                case (nil, let value?):
                    if !isEmpty(value) || meaningful.contains(key) {
                        return "\(place): unexpected \(JSON.text(value))"
                    }
                case (let left?, let right?):
                    if byQuantity, let one = amount(left), let other = amount(right), one == other {
                        continue
                    }
                    if let found = difference(left, right, at: place) { return found }
                case (nil, nil): break
                }
            }
            return nil
        case (.array(let want), .array(let got)):
            for (index, pair) in zip(want, got).enumerated() {
                if let found = difference(pair.0, pair.1, at: "\(path)/\(index)") { return found }
            }
            return want.count == got.count ? nil : "\(path): want \(want.count) items, got \(got.count)"
        default:
            if want == got || isEmpty(want) && isEmpty(got) { return nil }
            return "\(path): want \(JSON.text(want)) got \(JSON.text(got))"
        }
    }

    /// The number of a quantity; nil if the value is not a quantity.
    private static func amount(_ value: Value) -> Double? {
        let text = value.string ?? JSON.text(value)
        let digits = text.prefix { "+-.0123456789".contains($0) }
        guard let number = Double(digits) else { return nil }
        let scales = [
            "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024,
            "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776,
        ]
        return scales[String(text.dropFirst(digits.count))].map { (number * $0 * 1e9).rounded() / 1e9 }
    }
}
