import Testing
import Values

struct SpellingTests {
    @Test(arguments: [
        ("abcdef", ["abcdef"]), ("abcde", ["abcdef"]), ("abXdef", ["abcdef"]), ("bacdef", ["abcdef"]),
        ("xxcdef", ["abcdef"]),
        ("abcdefgh", ["abcdef"]), ("abcdefghi", []), ("zzz", []), ("", []), ("a", []),
        ("trustDomian", ["trustDomain"]),
        ("trustDomainAlias", ["trustDomainAliases"]),
    ])
    func nearest(name: String, expected: [String]) {
        #expect(Spelling.nearest(name, among: ["abcdef", "trustDomain", "trustDomainAliases"]) == expected)
    }

    @Test("the banded algorithm gives the same distance as the full table, up to the limit")
    func band() {
        var generator = ValueGenerator(seed: 7)
        func text() -> String { String((0..<generator.next(9)).map { _ in Array("abc")[generator.next(3)] }) }
        for _ in 0..<600 {
            let (left, right) = (text(), text())
            let limit = 1 + generator.next(3)
            #expect(
                Spelling.distance(left, right, limit: limit) == min(wholeTable(left, right), limit + 1),
                "\(left) \(right) \(limit)")
        }
    }

    private func wholeTable(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var table = Array(repeating: Array(repeating: 0, count: right.count + 1), count: left.count + 1)
        for i in 0...left.count {
            for j in 0...right.count {
                if i == 0 || j == 0 {
                    table[i][j] = i + j
                    continue
                }
                var cost = table[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1)
                cost = min(cost, table[i - 1][j] + 1, table[i][j - 1] + 1)
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                    cost = min(cost, table[i - 2][j - 2] + 1)
                }
                table[i][j] = cost
            }
        }
        return table[left.count][right.count]
    }
}
