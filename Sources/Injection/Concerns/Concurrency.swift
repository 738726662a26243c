import Values

/// Sets the number of the proxy's worker threads to its number of processors, unless the template sets it. Classic form.
struct Concurrency: PodConcern {
    func apply(to work: inout PodWork) { work.modifyInjectedProxy(Self.complete) }

    /// Does nothing: the setting is removed with the proxy.
    func undo(in undoing: inout PodUndoing) {}

    static func complete(_ proxy: inout Object) {
        let arguments = proxy["args"]?.array ?? []
        guard stated(in: arguments.map { $0.string ?? "" }) <= 0 else { return }
        let resources = proxy["resources"]
        let amounts = [resources?["limits"]?["cpu"], resources?["requests"]?["cpu"]]
        let counts = amounts.compactMap { amount in
            amount.flatMap { Quantity.roundedUp($0.string ?? JSON.text($0)) }
        }
        guard let count = counts.first(where: { $0 > 0 }) else { return }
        proxy["args"] = .array(arguments + ["--concurrency", .string(String(count))])
    }

    private static let flags = ["--concurrency", "-concurrency"]

    /// The number of the first `--concurrency N` or `-concurrency=N`; 0 without one.
    private static func stated(in arguments: [String]) -> Int {
        for (index, argument) in arguments.enumerated() where mayBeFlag(argument) {
            let argument = GoText.trimSpace(argument[...])
            let parts = argument.split(byte: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let flag = parts.first, flags.contains(String(flag)) else { continue }
            if parts.count == 2 {
                guard !parts[1].isEmpty, parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                    continue
                }
                return Int(parts[1]) ?? 0
            }
            return index + 1 < arguments.count ? Int(arguments[index + 1]) ?? 0 : 0
        }
        return 0
    }
    /// Whether an argument begins like the flag, after blanks. Trimming and splitting each of twenty is 3 % of a
    /// review.
    private static func mayBeFlag(_ argument: String) -> Bool {
        argument.withBytes { bytes in
            guard let first = bytes.first, first == UInt8(ascii: "-") else {
                return bytes.first.map { $0 <= 0x20 || $0 >= 0x80 } ?? false
            }
            let letter = bytes.count > 1 && bytes[1] == UInt8(ascii: "-") ? 2 : 1
            return bytes.count > letter && bytes[letter] == UInt8(ascii: "c")
        }
    }
}
