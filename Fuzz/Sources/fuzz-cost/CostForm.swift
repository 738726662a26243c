import Values

/// An input that can have any size: a text with one repeated part, or a template over data of that size.
struct CostForm: Sendable {
    var target: String
    var prefix: [UInt8]
    var unit: [UInt8]
    var suffix: [UInt8]
    /// Whether a `#` of the unit becomes the number of its repetition, so that names differ.
    var numbers = false

    /// The input with that many repetitions; nil if it would exceed the limit of a body.
    func bytes(_ count: Int) -> [UInt8]? {
        guard prefix.count + suffix.count + count * (unit.count + (numbers ? 6 : 0)) < 3 << 20 else {
            return nil
        }
        var output = ByteBuffer(capacity: 1 << 16)
        output.append(prefix)
        for number in 0..<count {
            guard numbers else {
                output.append(unit)
                continue
            }
            for byte in unit {
                if byte == UInt8(ascii: "#") { output.append("\(number)") } else { output.append(byte) }
            }
        }
        output.append(suffix)
        return output.bytes
    }

    /// The form as one line, which `init(line:)` parses.
    var line: String {
        JSON.text([
            "target": .string(target), "prefix": .string(Base64.encode(prefix)),
            "unit": .string(Base64.encode(unit)), "suffix": .string(Base64.encode(suffix)),
            "numbers": .bool(numbers),
            "shown": .string(
                String(decoding: prefix.suffix(60) + unit.prefix(120) + suffix.prefix(60), as: UTF8.self)),
        ])
    }

    init?(line: String) {
        guard let value = try? JSON.read(line), let target = value["target"]?.string,
            let prefix = value["prefix"]?.string.flatMap({ Base64.decode($0) }),
            let unit = value["unit"]?.string.flatMap({ Base64.decode($0) }),
            let suffix = value["suffix"]?.string.flatMap({ Base64.decode($0) })
        else { return nil }
        self.init(target: target, prefix: prefix, unit: unit, suffix: suffix)
        numbers = value["numbers"]?.bool ?? false
    }

    init(target: String, prefix: [UInt8], unit: [UInt8], suffix: [UInt8]) {
        (self.target, self.prefix, self.unit, self.suffix) = (target, prefix, unit, suffix)
    }

    /// A seed with one repeated part; the part and its place are random.
    init(target: String, seed: [UInt8], _ random: inout Chance) {
        let start = random.below(max(seed.count, 1))
        let end = min(seed.count, start + 1 + random.below(24))
        self.init(
            target: target, prefix: Array(seed[..<start]), unit: Array(seed[start..<end]),
            suffix: Array(seed[(random.below(4) == 0 ? start : end)...]))
        if random.below(3) == 0 { unit = random.pick(Self.pieces) }
        for _ in 0..<random.below(3) {
            unit.insert(contentsOf: random.pick(Self.pieces), at: random.below(unit.count + 1))
        }
        numbers = unit.contains(UInt8(ascii: "#"))
    }

    private static let pieces: [[UInt8]] = [
        "\n", "\n- ", "- ", "a#: 1\n", "\"k#\": 1,", "[", "{", "? ", ": ", "&a# ", "*a# ", "<<: *a\n", "!t ",
        "%TAG !#! x\n",
        "---\n", "...\n", "|\n ", ">\n ", "\"", "'", "\\", "\\u00e9", "#", "\t", " ", "\r", "\u{85}",
        "\u{2028}", "\u{feff}",
        "{{", "}}", "{{- ", " -}}", "{{/*", "*/}}", "{{if .a}}", "{{end}}", "{{else if .a}}",
        "{{define \"a#\"}}", "{{$v# := 1}}",
        "{{template \"a#\"}}", "(", ")", " | ", "{{#a}}", "{{/a}}", "{{>a#}}", "{{<a}}", "{{$b}}", "{{=",
        "=}}", "é", "/*",
    ].map { Array($0.utf8) }
}

/// Pseudorandom numbers, the same for the same seed (SplitMix64).
struct Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(max(limit, 1)))
    }

    mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
}
