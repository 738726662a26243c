import Testing

@testable import Injection

@Suite struct UnifiedDiffTests {
    private func diff(_ old: String, _ new: String) -> String {
        String(
            decoding: UnifiedDiff.text(from: Array(old.utf8), to: Array(new.utf8), name: "f"), as: UTF8.self)
    }

    @Test func equalTextsDifferNowhere() { #expect(diff("a\nb\n", "a\nb\n") == "") }

    @Test func oneLineAmongOthers() {
        #expect(
            diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n")
                == "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n")
    }

    @Test func fromNothingAndToNothing() {
        #expect(diff("", "a\n") == "--- f\n+++ f\n@@ -0,0 +1 @@\n+a\n")
        #expect(diff("a\n", "") == "--- f\n+++ f\n@@ -1 +0,0 @@\n-a\n")
    }

    @Test func aMissingLastLineFeedIsSaid() {
        #expect(diff("a", "a\n") == "--- f\n+++ f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n")
    }

    /// Applying a difference to the old text gives the new one, also for texts that are longer than one search.
    @Test(arguments: [5, 50, 3_000])
    func appliedItGivesTheOtherText(_ size: Int) {
        var generator = Pseudorandom(state: UInt64(size))
        for _ in 0..<(size > 100 ? 2 : 200) {
            let old = (0..<generator.below(size + 1)).map { _ in "\(generator.below(4))" }
            var new = old
            for _ in 0..<generator.below(size + 1) {
                let index = generator.below(new.count + 1)
                if generator.below(2) == 0 || index >= new.count {
                    new.insert("\(generator.below(4))", at: index)
                } else {
                    new.remove(at: index)
                }
            }
            let difference = diff(joined(old), joined(new))
            #expect(applied(difference, to: old) == new)
        }
    }

    private func joined(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

    private func applied(_ difference: String, to old: [String]) -> [String] {
        var result: [String] = []
        var position = 0
        for line in difference.split(separator: "\n").dropFirst(2) {
            if line.hasPrefix("@@") {
                let span = line.dropFirst(4).prefix { $0 != " " }.split(separator: ",")
                let start = Int(span[0])! - (span.count == 2 && span[1] == "0" ? 0 : 1)
                result += old[position..<start]
                position = start
            } else if line.hasPrefix("+") {
                result.append(String(line.dropFirst()))
            } else {
                if old[position] != line.dropFirst() { return ["the difference does not fit"] }
                if line.hasPrefix(" ") { result.append(old[position]) }
                position += 1
            }
        }
        return result + old[position...]
    }
}

/// The same numbers on every run.
private struct Pseudorandom {
    var state: UInt64
    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }
}
