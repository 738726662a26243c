import PluginAPI
import Values

/// Maps lines of a template to lines of the configuration file.
struct TemplatePlaces {
    private let file: String
    /// The line of the file, from 1, with the template's first line; nil if the file does not contain the lines of the
    /// template unchanged.
    private var firstLine: Int?

    init(_ snapshot: Snapshot, _ configuration: NamedText) {
        file = configuration.name
        // An error names no template. If several are merged, it may be any of them.
        let names = snapshot.form == .classic ? [Snapshot.classicName] : snapshot.defaultTemplates
        guard names.count == 1, let source = snapshot.templates[names[0]]?.source else { return }
        let template = Self.lines(source)
        let lines = Self.lines(configuration.bytes)
        guard let first = template.first, !first.isEmpty, template.count <= lines.count else { return }
        firstLine = (0...(lines.count - template.count)).first { start in
            lines[start] == first && lines[start..<(start + template.count)].elementsEqual(template)
        }.map { $0 + 1 }
    }

    func location(_ line: Int?) -> SourceLocation {
        guard let line, let firstLine else { return SourceLocation(file, nil) }
        return SourceLocation(file, SourcePosition(line: firstLine + line - 1, column: 1))
    }

    /// The lines without indentation, and without empty lines at the end.
    private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { $0.drop { $0 == 0x20 } }
    }
}
