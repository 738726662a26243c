import Values

/// The order in which go-yaml writes keys: a natural order, with `a2` before `a10`.
enum YAMLKeyOrder {
    static func sorted(_ members: [Member]) -> [Member] {
        guard members.count > 1 else { return members }
        return members.sorted { isBefore($0.key, $1.key) }
    }

    /// Whether a key is before another. Letters are compared by code point and come after anything else. Runs of digits
    /// are compared as numbers.
    static func isBefore(_ left: String, _ right: String) -> Bool {
        if let answer = isBeforeASCII(left, right) { return answer }
        return isBefore(
            left.unicodeScalars.map(\.value), right.unicodeScalars.map(\.value), isLetter, isDigit)
    }

    /// Does the same for ASCII keys, without arrays of characters; nil if a key is not ASCII.
    private static func isBeforeASCII(_ left: String, _ right: String) -> Bool? {
        var left = left
        var right = right
        return left.withUTF8 { left in
            right.withUTF8 { right in
                if left.contains(where: { $0 >= 0x80 }) || right.contains(where: { $0 >= 0x80 }) {
                    return nil
                }
                return isBefore(
                    left, right, { $0 | 0x20 &- UInt8(ascii: "a") < 26 }, { $0 &- UInt8(ascii: "0") < 10 })
            }
        }
    }

    private static func isBefore<Text: RandomAccessCollection, Unit: FixedWidthInteger>(
        _ left: Text, _ right: Text, _ isLetter: (Unit) -> Bool, _ isDigit: (Unit) -> Bool
    ) -> Bool where Text.Element == Unit, Text.Index == Int {
        var place = 0
        while place < left.count, place < right.count, left[place] == right[place] { place += 1 }
        guard place < left.count, place < right.count else { return left.count < right.count }
        let a = left[place]
        let b = right[place]
        let aIsLetter = isLetter(a)
        let bIsLetter = isLetter(b)
        if aIsLetter, bIsLetter { return a < b }
        if aIsLetter || bIsLetter { return bIsLetter }

        // Leading zeros of a number are ignored, zeros after other digits are not.
        var leftNumber: Int64 = 0
        var rightNumber: Int64 = 0
        if a == 0x30 || b == 0x30 {
            var before = place - 1
            while before >= 0, isDigit(left[before]) {
                if left[before] != 0x30 {
                    (leftNumber, rightNumber) = (1, 1)
                    break
                }
                before -= 1
            }
        }
        var leftEnd = place
        while leftEnd < left.count, isDigit(left[leftEnd]) {
            leftNumber = leftNumber &* 10 &+ (Int64(truncatingIfNeeded: left[leftEnd]) &- 0x30)
            leftEnd += 1
        }
        var rightEnd = place
        while rightEnd < right.count, isDigit(right[rightEnd]) {
            rightNumber = rightNumber &* 10 &+ (Int64(truncatingIfNeeded: right[rightEnd]) &- 0x30)
            rightEnd += 1
        }
        if leftNumber != rightNumber { return leftNumber < rightNumber }
        if leftEnd != rightEnd { return leftEnd < rightEnd }
        return a < b
    }

    private static func isLetter(_ scalar: UInt32) -> Bool {
        switch Unicode.Scalar(scalar)?.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    private static func isDigit(_ scalar: UInt32) -> Bool {
        Unicode.Scalar(scalar)?.properties.generalCategory == .decimalNumber
    }
}
