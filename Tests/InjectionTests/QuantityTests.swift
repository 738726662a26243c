import Testing

@testable import Injection

@Suite struct QuantityTests {
    @Test(arguments: [
        ("2000m", "2"), ("0.5", "500m"), ("1024Mi", "1Gi"), ("1000k", "1M"), ("0.1Gi", "107374182400m"),
        ("100e3", "100e3"), ("1e3", "1e3"), ("1E3", "1e3"), ("10e2", "1e3"), ("9E", "9E"), ("100", "100"),
        ("1000", "1k"), ("1500", "1500"), ("1.5Gi", "1536Mi"), ("1536Mi", "1536Mi"), ("0", "0"), ("0m", "0"),
        ("0.0", "0"), ("-1", "-1"), ("-2000m", "-2"), ("+5", "5"), ("100m", "100m"), ("0100m", "100m"),
        ("1.", "1"), (".5", "500m"), ("1023Ki", "1023Ki"), ("0.5Ki", "512"), ("1Ki", "1Ki"), ("1024", "1024"),
        ("1024Ki", "1Mi"), ("1000Mi", "1000Mi"), ("12345678901234567890", "9223372036854775807"),
        ("1n", "1n"), ("0.1n", "1n"), ("0.0000000011", "2n"), ("1000n", "1u"), ("1000u", "1m"),
        ("999m", "999m"),
        ("1000m", "1"), ("1e-3", "1e-3"), ("1500e-3", "1500e-3"), ("3T", "3T"), ("1000T", "1P"),
        ("128Mi", "128Mi"),
        ("1000P", "1E"), ("10000E", "9223372036854775807"), ("1E", "1E"),
    ])
    func canonical(text: String, expected: String) { #expect(Quantity.canonical(text) == expected) }

    @Test(arguments: [
        "", "lots", "1 ", " 1", "1Kib", "1K", "--1", "1.2.3", "e3", "1e", "1e1000000", "m", "-", "0x10",
    ])
    func notAnAmount(text: String) { #expect(Quantity.canonical(text) == nil) }

    @Test(arguments: [
        ("2000m", 2), ("1500m", 2), ("1m", 1), ("0", 0), ("4", 4), ("100m", 1), ("1n", 1), ("2.0", 2),
        ("-1500m", -2), ("99999999999999999999", Int64.max), ("1Ki", 1024),
    ])
    func roundedUp(text: String, expected: Int64) { #expect(Quantity.roundedUp(text) == expected) }

    /// Parsing the canonical form gives the same amount and the same canonical form.
    @Test func canonicalIsStable() {
        for mantissa in ["1", "9", "10", "1023", "1024", "1025", "0.1", "1.25", "-7", "123456789"] {
            for suffix in [
                "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "e2", "e-2",
            ] {
                guard let once = Quantity.canonical(mantissa + suffix) else {
                    Issue.record("\(mantissa)\(suffix) is refused")
                    continue
                }
                #expect(Quantity.canonical(once) == once)
                #expect(Quantity.roundedUp(once) == Quantity.roundedUp(mantissa + suffix))
            }
        }
    }
}
