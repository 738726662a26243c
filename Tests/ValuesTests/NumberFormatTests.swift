import Testing
import Values

@Suite("Numbers as text")
struct NumberFormatTests {
    @Test(
        "shortest digits in Go's %v, %e and %f",
        arguments: [
            (0.0, "0", "0e+00", "0"), (1, "1", "1e+00", "1"), (-2.5, "-2.5", "-2.5e+00", "-2.5"),
            (123456, "123456", "1.23456e+05", "123456"),
            (1_234_567, "1.234567e+06", "1.234567e+06", "1234567"),
            (1_000_000, "1e+06", "1e+06", "1000000"), (0.0001, "0.0001", "1e-04", "0.0001"),
            (0.00001, "1e-05", "1e-05", "0.00001"),
            (1e100, "1e+100", "1e+100", "1" + String(repeating: "0", count: 100)),
            (1050.25, "1050.25", "1.05025e+03", "1050.25"), (.infinity, "+Inf", "+Inf", "+Inf"),
            (-.infinity, "-Inf", "-Inf", "-Inf"), (.nan, "NaN", "NaN", "NaN"), (20, "20", "2e+01", "20"),
            (10.5, "10.5", "1.05e+01", "10.5"), (-0.0, "-0", "-0e+00", "-0"),
        ])
    func shortest(number: Double, general: String, exponent: String, fixed: String) {
        #expect(NumberFormat.text(number) == general)
        #expect(NumberFormat.text(number, style: .exponent) == exponent)
        #expect(NumberFormat.text(number, style: .fixed) == fixed)
    }

    @Test("rounded to a precision")
    func precision() {
        #expect(NumberFormat.text(3.14159, style: .fixed, precision: 2) == "3.14")
        #expect(NumberFormat.text(0.125, style: .fixed, precision: 2) == "0.12")
        #expect(NumberFormat.text(2.5, style: .fixed, precision: 0) == "2")
        #expect(NumberFormat.text(1234.5678, style: .exponent, precision: 3) == "1.235e+03")
        #expect(NumberFormat.text(1234.5678, style: .general, precision: 3) == "1.23e+03")
        #expect(NumberFormat.text(100, style: .general, precision: 3) == "100")
        #expect(NumberFormat.text(1e300, style: .fixed, precision: 1).utf8.count == 303)
    }

    @Test("a printed number parses to the same number")
    func roundTrip() {
        var state: UInt64 = 42
        for _ in 0..<2_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let number = Double(bitPattern: state)
            guard number.isFinite else { continue }
            for style in [NumberFormat.Style.general, .exponent, .fixed] {
                #expect(NumberFormat.double(NumberFormat.text(number, style: style)) == number)
            }
        }
    }

    @Test(
        "parsing: the fast path agrees with the general one",
        arguments: [
            "0.1", "123.456", "1e22", "1e23", "9007199254740993", "-1.5e-7", "0.000001", "1e-22",
            "12345678901234567e3",
        ])
    func reading(text: String) { #expect(NumberFormat.double(text) == Double(text)) }

    @Test("not a number")
    func notANumber() {
        for text in ["", "-", ".", "e5", "1e", "1e+", "1x", "--1"] {
            #expect(NumberFormat.double(text) == nil)
        }
    }
}
