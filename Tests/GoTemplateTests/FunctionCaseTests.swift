import PluginAPI
import TestSupport
import Testing
import Values

/// Tables of function calls in `cases/functions`. A line has a template, a tab, and its output (`\n` for a line break),
/// or `!! ` and the error message, or `!! limit ` and the limit's name. A line `sets` lists the function sets for the
/// lines below; a line `data` (anywhere) has the data of the file.
@Suite struct FunctionCaseTests {
    private static let folder = packageRoot + "/Tests/GoTemplateTests/cases/functions"

    @Test(arguments: entries(of: folder)) func table(file: String) throws {
        let path = Self.folder + "/" + file
        let lines = text(of: path).split(separator: "\n").map { String($0) }
        #expect(lines.count > 2)
        let data =
            try lines.first { $0.hasPrefix("data ") }.map { try JSON.read(String($0.dropFirst(5))) } ?? .null
        var sets: [String] = []
        var actual: [String] = []
        for line in lines {
            if line.hasPrefix("sets ") { sets = line.split(separator: " ").dropFirst().map { String($0) } }
            guard let tab = line.utf8.firstIndex(of: 9) else {
                actual.append(line)
                continue
            }
            let template = String(line[..<tab])
            let result = rendered(template, sets: sets, data: data, environment: ["ALLOWED": "value"])
            actual.append(template + "\t" + summary(result))
            if !updatesGoldens { #expect(actual.last == line, "\(file)") }
        }
        if updatesGoldens { _ = compareGolden(actual.joined(separator: "\n") + "\n", with: path) }
    }

    private func summary(_ result: (output: [UInt8], error: RenderError?)) -> String {
        if let limit = result.error?.limit { return "!! limit " + limit.limit.rawValue }
        if let error = result.error { return "!! " + error.detail }
        return String(decoding: result.output, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        )
        .joined(separator: "\\n")
    }
}
