import Glibc
import TestSupport
import Testing

/// Runs the built binary. Each file of `cases/` is one run:
///
///     $ render -t page.tmpl -d data.json     the arguments, words separated by blanks
///     --- file page.tmpl                     files of the folder that it runs in
///     --- stdin
///     --- status 0                           from here on: what is expected
///     --- stdout
///     --- stderr
///
/// `UPDATE_GOLDEN=1` rewrites the expectations.
struct CommandCase: CustomTestStringConvertible {
    let path: String
    var arguments: [String] = []
    var files: [(name: String, text: String)] = []
    var input = ""
    /// The part of the file before the expectations, which is never rewritten.
    var given = ""
    var expected = ""

    var testDescription: String { String(path.split(separator: "/").last ?? "") }

    init(path: String) {
        self.path = path
        var section = ""
        for line in text(of: path).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("--- ") { section = String(line.dropFirst(4)) }
            let isExpectation = section.hasPrefix("status") || section == "stdout" || section == "stderr"
            if isExpectation { expected += line + "\n" } else { given += line + "\n" }
            if line.hasPrefix("$ ") { arguments = line.dropFirst(2).split(separator: " ").map(String.init) }
            if line.hasPrefix("--- file ") { files.append((String(section.dropFirst(5)), "")) }
            guard !line.hasPrefix("--- ") else { continue }
            if section.hasPrefix("file ") { files[files.count - 1].text += line + "\n" }
            if section == "stdin" { input += line + "\n" }
        }
    }

    func actual() -> String {
        let folder = TemporaryFolder()
        for file in files {
            let parents = file.name.split(separator: "/").dropLast()
            for count in parents.indices {
                mkdir(folder.path(parents[...count].joined(separator: "/")), 0o755)
            }
            folder.write(file.text, to: file.name)
        }
        let result = run(pillionBinary, arguments, input: input, in: folder.root)
        return "--- status \(result.status)\n--- stdout\n\(result.output)--- stderr\n\(result.errors)"
    }
}

private let cases = entries(of: packageRoot + "/Tests/CommandTests/cases").filter { $0.hasSuffix(".case") }
    .map { CommandCase(path: packageRoot + "/Tests/CommandTests/cases/" + $0) }

@Suite struct CommandTests {
    @Test func thereAreCases() { #expect(cases.count >= 5) }

    @Test(arguments: cases)
    func answersAsRecorded(_ one: CommandCase) {
        let actual = one.actual()
        if updatesGoldens {
            _ = compareGolden(one.given + actual, with: one.path)
        } else {
            let isEqual = one.expected == actual || one.expected == actual + "\n"
            #expect(isEqual, "expected:\n\(one.expected)\ngot:\n\(actual)")
        }
    }
}
