import PluginAPI
import Values
import YAML

#if canImport(Glibc)
    import Glibc
#endif

/// Analyses a rendered text: whether it is empty, what removed a part of the pod, and which values are missing.
extension RenderedText {
    // MARK: Nothing

    /// Whether a text contains only blanks, line breaks, a byte order mark, comments, document markers, or an explicit
    /// `!!null`. For these, YAML has no value or, as for a tab in an empty line, an error.
    static func isNothing(_ bytes: [UInt8]) -> Bool {
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0a, 0x0d: index += 1
            // U+0085, U+FEFF
            case 0xc2 where bytes[index...].starts(with: [0xc2, 0x85]): index += 2
            case 0xef where bytes[index...].starts(with: [0xef, 0xbb, 0xbf]): index += 3
            case UInt8(ascii: "#"): index = bytes[index...].firstIndex(of: 0x0a) ?? bytes.count
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "!"):
                guard let end = endOfNothing(bytes, at: index) else { return false }
                index = end
            default: return false
            }
        }
        return true
    }

    /// The end of a marker or of a scalar with the tag null; nil if the line contains anything else.
    private static func endOfNothing(_ bytes: [UInt8], at start: Int) -> Int? {
        let end = bytes[start...].firstIndex(of: 0x0a) ?? bytes.count
        let words = bytes[start..<end].split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
        switch String(decoding: words.first ?? [], as: UTF8.self) {
        case "---", "...":
            return words.count == 1 && (start == 0 || bytes[start - 1] == 0x0a) ? end : nil
        case "!!null": return words.count <= 2 ? end : nil
        default: return nil
        }
    }

    /// Whether a decoded text adds nothing to a pod: it is null, or contains only empty strings, empty lists and
    /// objects, and the kind of the object.
    static func isNothing(_ value: Value) -> Bool {
        guard case .object(let object) = value else { return isEmpty(value) }
        return object.members.allSatisfy { ["apiVersion", "kind"].contains($0.key) || isEmpty($0.value) }
    }

    /// Recursive; the types limit the depth.
    private static func isEmpty(_ value: Value) -> Bool {
        switch value {
        case .null, .string(""): true
        case .array(let items): items.allSatisfy(isEmpty)
        case .object(let object): object.members.allSatisfy { isEmpty($0.value) }
        default: false
        }
    }

    // MARK: Missing values

    private static let noValue = Array("<no value>".utf8)

    /// A note about the first `<no value>` in the text, with the template's line; nil if the text has no such value.
    var missingValue: TemplateNote? {
        guard let offset = offset(of: Self.noValue) else { return nil }
        let position = SourceText.position(of: offset, in: bytes)
        let found = locate(InjectionError(.render, .templateExecError, ""), at: position)
        return TemplateNote(
            kind: .valueMissing, template: name, part: .noValue,
            line: found.written?.by.line ?? found.place?.line)
    }

    private func offset(of text: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var start = 0
            while start + text.count <= bytes.count,
                let found = memchr(base + start, Int32(text[0]), bytes.count - start)
            {
                start = UnsafeRawPointer(found) - base
                if bytes[start...].starts(with: text) { return start }
                start += 1
            }
            return nil
        }
    }

    // MARK: Lost parts

    /// The result of `culprit` for a text that has the list, but not the item.
    static let listWithout = "a list without it"

    /// Finds what in the text removed a part from the pod, and where; nil if the text does not contain the part.
    ///
    /// - Parameter path: the path to the part in the pod; in the classic form without the leading `spec`.
    func culprit(of path: ArraySlice<PodSurvival.Loss.Step>) -> (found: String, position: SourcePosition?)? {
        guard let document = try? YAMLReader.documents(bytes, options: YAMLOptions(positions: true)).first
        else { return nil }
        var value = document.value
        var pointer = ""
        let answer = { (found: String, pointer: String) in (found, document.positions?[pointer]) }
        for step in path {
            if let (found, key) = Self.directive(in: value, before: step) {
                return answer(found, pointer + "/" + JSONPointer.escape(key))
            }
            switch (step, value) {
            case (.member(let key), .object(let object)):
                guard let inner = object[key] else { return nil }
                value = inner
                pointer += "/" + JSONPointer.escape(key)
            case (.item(let identity), .array(let items)):
                if let index = items.firstIndex(where: { $0["$patch"] == "replace" }) {
                    return answer("$patch: replace", "\(pointer)/\(index)/$patch")
                }
                guard let index = items.firstIndex(where: { Self.item($0, is: identity) }) else {
                    return answer(Self.listWithout, pointer)
                }
                value = items[index]
                pointer += "/\(index)"
            default: return answer(value.kindName, pointer)
            }
        }
        if let (found, key) = Self.directive(in: value, before: nil) {
            return answer(found, pointer + "/" + JSONPointer.escape(key))
        }
        return answer(value.string.map { "\"\($0.prefix(60))\"" } ?? value.kindName, pointer)
    }

    /// The line of a template that wrote a part of the pod, or the nearest part around it; nil if no text contains it.
    ///
    /// - Parameter path: the path to the part in the pod.
    static func place(
        of path: [PodSurvival.Loss.Step], in texts: [RenderedText], form: PolicyConfiguration.Form
    ) -> RenderError.Place? {
        let path = form == .classic ? path.dropFirst() : path[...]
        for length in stride(from: path.count, to: 1, by: -1) {
            for text in texts.reversed() {
                guard let place = text.culprit(of: path.prefix(length)), place.found != listWithout
                else { continue }
                let found = text.locate(InjectionError(.schema, .forecastRefused, ""), at: place.position)
                guard var place = found.place else { continue }
                // Every injection template is called "inject" in its engine's messages.
                place.template = text.name
                return place
            }
        }
        return nil
    }

    /// The directive of an object that removes its next member on the path, and the directive's key.
    private static func directive(
        in value: Value, before step: PodSurvival.Loss.Step?
    ) -> (found: String, key: String)? {
        guard case .object(let object) = value else { return nil }
        if let directive = object["$patch"]?.string, directive != "merge" {
            return ("$patch: \(directive)", "$patch")
        }
        guard case .member(let key)? = step else { return nil }
        if case .array(let kept)? = object["$retainKeys"], !kept.contains(.string(key)) {
            return ("$retainKeys", "$retainKeys")
        }
        let deletion = "$deleteFromPrimitiveList/" + key
        return object[deletion] == nil ? nil : (deletion, deletion)
    }

    private static let mergeKeys = [
        "name", "mountPath", "containerPort", "topologyKey", "ip", "uid", "devicePath", "key",
    ]

    private static func item(_ item: Value, is identity: String) -> Bool {
        mergeKeys.contains { ListKeys.identity(item, $0) == identity } || item.string == identity
    }
}

/// Builds the error about a part that an injection would remove from a pod.
enum LostPart {
    static func error(
        _ loss: PodSurvival.Loss, _ texts: [RenderedText], _ form: PolicyConfiguration.Form
    ) -> InjectionError {
        let prefix = form == .modern ? "failed to run injection template: " : ""
        let path = form == .modern ? loss.path[...] : loss.path.dropFirst()
        let deed =
            loss.isChanged ? "changes \(loss.pointer) of the pod" : "takes \(loss.pointer) from the pod"
        for text in texts {
            guard let culprit = text.culprit(of: path) else { continue }
            let error = InjectionError(
                .schema, .podPartLost,
                "\(prefix)template \"\(text.name)\" \(deed): found \(culprit.found), expected \(expected(loss))"
            )
            return text.locate(error, at: culprit.position)
        }
        let names = texts.map { "\"\($0.name)\"" }.joined(separator: ", ")
        return InjectionError(
            .schema, .podPartLost,
            "\(prefix)the injection \(deed), with template \(names): expected \(expected(loss))")
    }

    private static func expected(_ loss: PodSurvival.Loss) -> String {
        if loss.path.first == .member("metadata"), loss.isChanged {
            return "the pod's own, because no template may change a pod's identity"
        }
        return loss.isChanged
            ? "the pod's own value"
            : "all parts of the pod to stay, except one named item with $patch: delete"
    }
}
