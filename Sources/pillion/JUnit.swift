/// Formats JUnit's XML, which CI systems read.
enum JUnit {
    /// - Parameter cases: the elements of `testCase`.
    static func document(
        name: String, tests: Int, failures: Int, errors: Int, skipped: Int, cases: String
    ) -> String {
        let counts =
            "name=\"\(name)\" tests=\"\(tests)\" failures=\"\(failures)\" errors=\"\(errors)\" "
            + "skipped=\"\(skipped)\""
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite \(counts)>\n\(cases)"
            + "  </testsuite>\n</testsuites>\n"
    }

    static func testCase(name: String, file: String, line: Int?, _ inner: () -> String?) -> String {
        var text =
            "    <testcase classname=\"\(escaped(file))\" name=\"\(escaped(name))\" file=\"\(escaped(file))\""
        if let line { text += " line=\"\(line)\"" }
        guard let inner = inner() else { return text + "/>\n" }
        return text + ">\n\(inner)    </testcase>\n"
    }

    static func element(_ name: String, type: String, _ message: String) -> String {
        "      <\(name) type=\"\(type)\" message=\"\(escaped(message))\"/>\n"
    }

    /// Escapes a text for an attribute. Characters that XML 1.0 does not allow become U+FFFD.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "&#10;"
            case "\t": result += "&#9;"
            case "\r": result += "&#13;"
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
