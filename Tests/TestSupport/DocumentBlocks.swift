/// A fenced code block of a document.
public struct DocumentBlock: Sendable {
    /// The word after the fence: `sh`, `console`.
    public var kind: String
    public var lines: [String]
    /// The line of the opening fence, from 1.
    public var line: Int

    /// The commands of a console block, each with the lines that follow it. A command continues after lines that end in
    /// a backslash or a pipe, and within quotes.
    public var steps: [(command: String, output: String)] {
        var steps: [(command: String, output: String)] = []
        var rest = lines[...]
        while let line = rest.popFirst() {
            if line.hasPrefix("$ ") {
                var command = String(line.dropFirst(2))
                while command.hasSuffix("\\") || command.hasSuffix("|")
                    || command.count(where: { $0 == "'" }) % 2 == 1,
                    let next = rest.popFirst()
                {
                    command += "\n" + next
                }
                steps.append((command, ""))
            } else if !steps.isEmpty {
                steps[steps.count - 1].output += line + "\n"
            }
        }
        return steps
    }
}

/// A document with fenced blocks, which a test can rewrite.
public struct BlockDocument {
    public let path: String
    private let lines: [String]

    public init(path: String) {
        self.path = path
        lines = text(of: path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    public var blocks: [DocumentBlock] {
        var blocks: [DocumentBlock] = []
        _ = refilled { block in
            blocks.append(block)
            return nil
        }
        return blocks
    }

    /// The document with the lines of each block replaced by the result of `fill`; nil leaves them unchanged.
    public func refilled(_ fill: (DocumentBlock) throws -> String?) rethrows -> String {
        var output = ""
        var rest = lines[...]
        var number = 0
        while let line = rest.popFirst() {
            number += 1
            output += line + (rest.isEmpty ? "" : "\n")
            // A block in a list is indented.
            let indent = line.prefix { $0 == " " }
            guard line.dropFirst(indent.count).hasPrefix("```") else { continue }
            var block = DocumentBlock(
                kind: String(line.dropFirst(indent.count + 3)), lines: [], line: number)
            while let next = rest.popFirst() {
                number += 1
                guard next != indent + "```" else { break }
                block.lines.append(next)
            }
            output += try fill(block) ?? block.lines.map { $0 + "\n" }.joined()
            output += indent + "```\n"
        }
        return output
    }
}
