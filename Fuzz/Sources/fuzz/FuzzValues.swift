import Values
import YAML

/// Any bytes are parsed or refused. Printing and parsing the value again gives the same value, and the place of an error
/// is within the text.
func fuzzJSON(_ bytes: UnsafeBufferPointer<UInt8>) {
    let value: Value
    do throws(JSONError) {
        value = try JSON.read(bytes)
    } catch {
        precondition(error.offset >= 0 && error.offset <= bytes.count, "an error outside of the text")
        return
    }
    for style in [JSONStyle.compact, .pretty(2)] {
        for escapesHTML in [false, true] {
            let text = JSON.text(value, style: style, escapesHTML: escapesHTML)
            guard let again = try? JSON.read(text) else {
                preconditionFailure("cannot be read again: \(text)")
            }
            precondition(again.isEqual(value, numbersByValue: true), "another value: \(text)")
        }
    }
    fuzzKnownJSON(bytes, value)
    // Every JSON value can be written as YAML.
    if let again = try? YAMLReader.value(YAMLWriter.text(value)) {
        precondition(again.isEqual(value, numbersByValue: true), "another value as YAML: \(JSON.text(value))")
    }
}

/// JSON with one byte changed, removed or inserted has the same result next to the known document as alone.
private func fuzzKnownJSON(_ bytes: UnsafeBufferPointer<UInt8>, _ value: Value) {
    guard let known = try? JSON.readKeeping(bytes) else { preconditionFailure("kept is not read") }
    precondition(known.value == value, "another value where it is kept")
    let sum = bytes.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF }
    var text = Array(bytes)
    let place = sum % text.count
    switch sum / text.count % 3 {
    case 0: text[place] = bytes[bytes.count - 1 - place]
    case 1: text.remove(at: place)
    default: text.insert(bytes[bytes.count - 1 - place], at: place)
    }
    let alone = Result { () throws(JSONError) in try JSON.read(text) }
    let beside = Result { () throws(JSONError) in
        try text.withUnsafeBufferPointer { text throws(JSONError) in
            try JSON.read(text, beside: known.known).value
        }
    }
    precondition(alone == beside, "another outcome beside a known text")
}

/// Any bytes are parsed or refused, strictly or not, with places and without. Printing and parsing the value again gives
/// the same value. Documents do not overlap, and give the same values alone as together. The fast reader gives the same
/// values as libyaml, which strict parsing always uses.
///
/// Ranges are in the UTF-8 text, so a text in UTF-16 is converted first.
func fuzzYAML(_ bytes: UnsafeBufferPointer<UInt8>) {
    if let encoding = TextEncoding(markIn: bytes), encoding != .utf8 {
        guard let text = try? encoding.decode(bytes) else { return }
        precondition(
            (try? YAMLReader.value(bytes)) == (try? YAMLReader.value(text)), "another value in UTF-16")
        text.withUnsafeBufferPointer(fuzzPlainYAML)
    } else {
        fuzzPlainYAML(bytes)
    }
}

private func fuzzPlainYAML(_ bytes: UnsafeBufferPointer<UInt8>) {
    let value = try? YAMLReader.value(bytes)
    fuzzOutline(Array(bytes), value)
    do throws(YAMLError) {
        let strict = try YAMLReader.value(bytes, options: YAMLOptions(strict: true))
        precondition(value == strict, "two values: \(String(describing: value)) and \(strict)")
    } catch  where error.code != .duplicateKey {
        precondition(value == nil, "read although \(error)")
    } catch {}
    let whole = try? YAMLReader.documents(bytes, options: YAMLOptions(positions: true, layout: true))
    let parts = try? YAMLReader.documents(bytes, options: YAMLOptions(layout: true))
    precondition(whole?.count == parts?.count, "another number of documents, read one by one")
    for (one, other) in zip(whole ?? [], parts ?? []) {
        precondition(one.value == other.value, "another value, read alone: \(other.value)")
        precondition(one.range == other.range && one.line == other.line && one.isEmpty == other.isEmpty)
        precondition(one.layout == other.layout, "another layout, read alone")
        precondition(
            other.isEmpty || isBehindMarker(other, bytes)
                || YAMLReader.reads(Array(bytes[other.range]), as: other.value),
            "not what the text reads as: \(other.value)")
        precondition(!YAMLReader.reads(Array(bytes[other.range]), as: [other.value, 0]))
    }
    guard let documents = whole else { return }
    var end = 0
    for document in documents {
        precondition(document.range.lowerBound >= end, "documents overlap")
        precondition(document.range.upperBound <= bytes.count, "a document is longer than the text")
        end = document.range.upperBound
        // Values repeated by aliases take little memory but much output.
        guard (document.positions?.count ?? 0) < 10_000, JSON.text(document.value).utf8.count < 100_000 else {
            continue
        }
        for order in [YAMLWriter.Order.sorted, .asGiven] {
            let text = YAMLWriter.text(document.value, order: order)
            guard let again = try? YAMLReader.value(text) else {
                preconditionFailure("cannot be read again: \(text)")
            }
            // Line breaks of YAML 1.1 other than LF are folded within quotes, as in go-yaml's output.
            if text.unicodeScalars.contains(where: { $0 == "\u{2028}" || $0 == "\u{2029}" }) { continue }
            precondition(again.isEqual(document.value, numbersByValue: true), "another value: \(text)")
        }
    }
}

/// An outline has the wanted members of the value. If it holds for another text, that text has the same outline.
private func fuzzOutline(_ text: [UInt8], _ value: Value?) {
    let paths = [["kind"], ["a", "b"]]
    func members(_ value: Value?) -> [Value?] { paths.map { $0.reduce(value) { $0?[$1] } } }
    guard let outline = YAMLOutline(of: text, paths: paths) else { return }
    precondition(value != nil, "an outline is read, the value is not")
    precondition(members(outline.value) == members(value), "an outline has other members")
    precondition(outline.holds(for: text), "an outline does not hold for its own text")
    let starts = text.indices.dropLast(2).filter { text[$0] == UInt8(ascii: ":") && text[$0 + 1] == 0x20 }
    for start in [starts.first, starts.last].compactMap({ $0 }) {
        let rest = text[(start + 2)...]
        let end = rest.firstIndex(of: 0x0A) ?? text.endIndex
        for scalar in ["x", "\"y z\"", "'1'", "7", "null", "a: b", ""] {
            let other = Array(text[..<(start + 2)] + Array(scalar.utf8) + text[end...])
            guard outline.holds(for: other) else { continue }
            let fresh = try? YAMLReader.value(other)
            precondition(fresh != nil, "an outline holds for what is not valid")
            precondition(members(fresh) == members(value), "an outline holds for other members")
        }
    }
}

/// Whether a document begins on the line of its `---`. After a tab, for example, it cannot be parsed alone from there.
private func isBehindMarker(_ document: YAMLDocument, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    document.range.lowerBound > 0 && bytes[document.range.lowerBound - 1] != 0x0A
}

/// Two JSON documents, separated by a line break. Their difference, applied to the first, gives the second. The first,
/// used as a patch, is applied to the second or refused.
func fuzzPatch(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let cut = bytes.firstIndex(of: 0x0A),
        let old = try? JSON.read(UnsafeBufferPointer(rebasing: bytes[..<cut])),
        let new = try? JSON.read(UnsafeBufferPointer(rebasing: bytes[(cut + 1)...]))
    else { return }
    let operations = JSONPatch.diff(from: old, to: new)
    guard let result = try? JSONPatch.apply(operations, to: old, limits: wide) else {
        preconditionFailure("the difference cannot be applied")
    }
    precondition(result == new, "the difference gives another value")
    if let operations = try? JSONPatch.operations(old) { _ = try? JSONPatch.apply(operations, to: new) }
}

private let wide: JSONPatch.Limits = {
    var limits = JSONPatch.Limits()
    limits.operations = .max
    return limits
}()
