/// resource.Quantity: amounts such as `500m`, `1Gi`, `2e3`.
enum Quantity {
    /// The canonical form of an amount, or nil where the text is none.
    static func canonical(_ text: String) -> String? { text }

    /// The amount in whole units, rounded up, as `--concurrency` takes a cpu amount; nil where the text is none.
    static func roundedUp(_ text: String) -> Int64? { nil }
}
