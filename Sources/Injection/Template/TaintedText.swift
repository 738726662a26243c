import PluginAPI
import Values
import YAML

/// Refuses, reports or ignores a rendered text whose tainted parts do not stay text.
extension RenderedText {
    /// The maximum number of findings in an error.
    private static let namedFindings = 4

    /// Checks the parts of the text that the pod wrote: line by line if that is sufficient, else by rendering again
    /// with origins.
    ///
    /// - Parameter isLineByLine: whether no quoted scalar spans several lines.
    /// - Throws: `tainted_value` if the mode is `enforce`.
    func checkTaint(isLineByLine: Bool, _ report: inout TaintReport) throws(InjectionError) {
        guard needsCheck(isLineByLine) else { return }
        let map = try mapped()
        let check = TaintCheck(bytes, map, forbidsDirectives: snapshot.form == .modern)
        let findings = check.findings()
        let powers = TaintPowers(marks: check.marks, runs: check.runs).found()
        var found = TaintReport()
        found.warnsOfPowers = mode == .enforce
        found.powers = powers.map { "\($0.power) from the \(name(of: $0.run))" }
        guard !findings.isEmpty else { return report.add(found) }
        guard mode == .enforce else {
            found.findings = findings.map { reported($0, map) }
            return report.add(found)
        }
        var errors: [InjectionError] = []
        for finding in findings where errors.count < Self.namedFindings {
            let error = refusal(finding, map)
            if !errors.contains(where: { $0.message == error.message }) { errors.append(error) }
        }
        var first = errors.removeFirst()
        first.others = errors
        throw first
    }

    private func needsCheck(_ isLineByLine: Bool) -> Bool {
        guard let tainted else { return false }
        if hasMap { return true }
        guard !tainted.isEmpty else { return false }
        return !bytes.withUnsafeBufferPointer {
            TaintedLines($0, isLineByLine: isLineByLine).prove(tainted)
        }
    }

    /// The annotation or field of a finding. For a run that read all annotations, those with the offending character.
    private func name(_ finding: TaintFinding) -> String {
        let character = String(decoding: bytes[min(finding.offset, bytes.count)...].prefix(4), as: UTF8.self)
            .unicodeScalars.first
        return name(of: finding.run) { text in
            text.unicodeScalars.contains { scalar in
                scalar == character && !("a"..."z").contains(Character(scalar)) || Self.isStrange(scalar)
            }
        }
    }

    /// Whether a character is a control character or a line break of YAML 1.1.
    private static func isStrange(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
            || scalar.value == 0x2028 || scalar.value == 0x2029 || scalar.value == 0xFEFF
    }

    private func reported(_ finding: TaintFinding, _ map: SourceMap) -> String {
        let place = place(of: finding.run, in: map).map {
            " (template \"\($0.template)\":\($0.line):\($0.column ?? 1))"
        }
        return "\(name(finding))\(place ?? "") at \(finding.pointer.isEmpty ? "the root" : finding.pointer)"
    }

    private func refusal(_ finding: TaintFinding, _ map: SourceMap) -> InjectionError {
        let place = place(of: finding.run, in: map)
        let written = place.map { ", template \"\($0.template)\":\($0.line):\($0.column ?? 1)" } ?? ""
        let pointer = finding.pointer.isEmpty ? "the root" : finding.pointer
        var error = InjectionError(
            .parse, .taintedValue,
            "tainted value: \(name(finding))\(written) changes the structure at \(pointer): found \(finding.found), "
                + "expected \(finding.expected)",
            place: place)
        error.taint = place.map { (name(finding), $0) }
        error.rendered = SourceText.position(of: finding.offset, in: bytes)
        if let place, map.templates.indices.contains(finding.run.template) {
            error.source = SourceText(map.templates[finding.run.template].bytes).snippet(
                line: place.line, column: place.column)
            error.written = (SourceText.beginning(of: bytes[finding.run.output]), place)
        }
        return error
    }
}
