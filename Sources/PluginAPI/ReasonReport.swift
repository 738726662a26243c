public import Values

/// Formats reasons for `GET /reasons`, `pillion reasons`, `pillion explain` and docs/policy.md.
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

    /// The output of `pillion explain CODE`.
    public var text: String {
        var text = "\(code.rawValue) (\(kind.rawValue))\n\n  \(sentence)\n\n"
        if let remedy { text += "  to change it: \(remedy)\n\n" }
        return text + wrapped(documentation, width: 76, indent: "  ") + "\n"
    }

    /// The code's section in docs/policy.md.
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

/// The table of all reasons.
public enum ReasonTable {
    /// The reasons in the order of the codes: inject, skip, error, pass.
    public static var rows: [ReasonDescription] { ReasonCode.allCases.map(\.entry) }

    /// The response of `GET /reasons`.
    public static var json: Value { .array(rows.map(\.json)) }

    /// The output of `pillion reasons`.
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

    /// Returns the output of `pillion explain CODE`; nil for an unknown code.
    public static func explanation(_ code: String) -> String? { ReasonCode(rawValue: code)?.entry.text }
}

/// Wraps text into lines of at most `width` bytes.
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
