public import Values

/// The table of reasons as `GET /reasons`, `pillion reasons`, `pillion explain` and docs/policy.md show it.
extension ReasonDescription {
    public var json: Value {
        var members: [Member] = [
            Member("code", .string(code.rawValue)), Member("kind", .string(kind.rawValue)),
            Member("sentence", .string(sentence)),
        ]
        if let remedy { members.append(Member("remedy", .string(remedy))) }
        members.append(Member("documentation", .string(documentation)))
        members.append(Member("anchor", .string(anchor)))
        return .object(Object(members))
    }

    /// A screenful for `pillion explain CODE`.
    public var text: String {
        var text = "\(code.rawValue) (\(kind.rawValue))\n\n  \(sentence)\n\n"
        if let remedy { text += "  to change it: \(remedy)\n\n" }
        return text + wrapped(documentation, width: 76, indent: "  ") + "\n"
    }

    /// A section for the reference.
    public var markdown: String {
        var text = "### `\(code.rawValue)`\n\n"
        text += wrapped("Says: " + sentence + ".", width: 118, indent: "") + "\n\n"
        text += wrapped(documentation, width: 118, indent: "") + "\n"
        if let remedy {
            text += "\n" + wrapped("To change it: " + remedy + ".", width: 118, indent: "") + "\n"
        }
        return text
    }
}

/// All reasons.
public enum ReasonTable {
    /// In the order of the codes: what injects, what skips, what fails, what passes.
    public static var rows: [ReasonDescription] { ReasonCode.allCases.map(\.entry) }

    /// `GET /reasons`
    public static var json: Value { .array(rows.map(\.json)) }

    /// `pillion reasons`
    public static var text: String {
        DecisionReport.columns(
            [["CODE", "KIND", "SENTENCE"]] + rows.map { [$0.code.rawValue, $0.kind.rawValue, $0.sentence] })
    }

    /// The part of docs/policy.md that lists the codes.
    public static var markdown: String {
        let heads: [ReasonCode.Kind: String] = [
            .inject: "Codes of pods that get a sidecar", .skip: "Codes of pods that get none",
            .error: "Codes of answers that failed", .pass: "Codes of rules without a say, in traces only",
        ]
        return ReasonCode.Kind.allCases.map { kind in
            "## \(heads[kind] ?? kind.rawValue)\n\n"
                + rows.filter { $0.kind == kind }.map(\.markdown).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// `pillion explain CODE`: nil for a code that is not in the table.
    public static func explanation(_ code: String) -> String? { ReasonCode(rawValue: code)?.entry.text }
}

/// Words in lines of at most that many bytes.
private func wrapped(_ text: String, width: Int, indent: String) -> String {
    var lines: [String] = []
    var line = indent
    for word in text.split(byte: " ") {
        if line.utf8.count > indent.utf8.count && line.utf8.count + 1 + word.utf8.count > width {
            lines.append(line)
            line = indent
        }
        if line.utf8.count > indent.utf8.count { line += " " }
        line += word
    }
    return (lines + [line]).joined(separator: "\n")
}
