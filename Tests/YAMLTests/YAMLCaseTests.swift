import Testing
import TestSupport
import Values
import YAML

/// Parses every `cases/NAME.yaml` and compares the result with `NAME.expected`: the documents with their bytes and
/// values, the first one written again, or the error.
@Suite("YAML cases")
struct YAMLCaseTests {
    static let folder = packageRoot + "/Tests/YAMLTests/cases"
    static let names = entries(of: folder).filter { $0.hasSuffix(".yaml") }

    @Test("documents", arguments: names)
    func documents(name: String) throws {
        let bytes = try #require(contents(of: Self.folder + "/" + name))
        let result = compareGolden(
            report(bytes), with: Self.folder + "/" + name.dropLast(5) + ".expected")
        #expect(result == nil)
    }

    /// Places are libyaml's alone; without them, simple documents are read the short way.
    @Test("documents, read the short way", arguments: names)
    func shortWay(name: String) throws {
        let bytes = try #require(contents(of: Self.folder + "/" + name))
        let outcomes = [true, false].map { positions in
            Result { () throws(YAMLError) in
                try YAMLReader.documents(bytes, options: YAMLOptions(positions: positions)).map {
                    "\($0.range) \($0.line) \($0.isEmpty) \(JSON.text($0.value))"
                }
            }
        }
        #expect(outcomes[0] == outcomes[1])
    }

    /// Every text, and every text cut at each of its lines: what an outline has is in the value, and what is wanted of it
    /// is whole; where the one is an error, the other is the same one.
    @Test("outlines", arguments: names)
    func outlines(name: String) throws {
        let bytes = try #require(contents(of: Self.folder + "/" + name))
        let ends = bytes.indices.filter { bytes[$0] == 0x0A }.prefix(200) + [bytes.count]
        for end in ends {
            let part = Array(bytes[..<end])
            let whole = Result { () throws(YAMLError) in try YAMLReader.value(part) }
            let keys = (try? whole.get())?.object?.members.map(\.key) ?? []
            for members in [["kind", "metadata"], ["a", "list"], Array(keys.prefix(1)), []] {
                guard let outline = YAMLOutline(of: part, paths: members.map { [$0] })?.value else {
                    continue
                }
                guard case .success(let value) = whole, let object = value.object else {
                    #expect(outline == (try? whole.get()), "\(name) up to byte \(end)")
                    continue
                }
                for member in object.members where members.contains(member.key) {
                    #expect(outline[member.key] == member.value, "\(member.key) of \(name)")
                }
                for member in outline.object?.members ?? [] {
                    #expect(object[member.key] == member.value, "\(member.key) of \(name)")
                }
                #expect(outline.object != nil)
            }
        }
    }

    /// A text that an outline is said to hold for is valid and has the same outline. Texts are changed at random places,
    /// mostly within scalars.
    @Test("outlines of texts that differ", arguments: names)
    func outlinesOfOthers(name: String) throws {
        let paths = [["kind"], ["metadata", "name"], ["metadata", "annotations", "hook"]]
        let bytes = try #require(contents(of: Self.folder + "/" + name)) + Array(Self.manifest.utf8)
        let texts = [bytes, Array(Self.manifest.utf8)]
        let pieces = [
            "x", "7", "\"q\"", "'s'", "a: b", "- c", "\n", " ", "{d: e}", "|", "1e999", ".inf", "no", "#",
        ]
        var random = SplitMix(seed: UInt64(bytes.count))
        var held = 0
        for _ in 0..<3_000 {
            let text = texts[random.next(below: 2)]
            guard let outline = YAMLOutline(of: text, paths: paths) else { continue }
            var other = text
            for _ in 0...random.next(below: 3) {
                let place = random.next(below: other.count)
                let end = min(place + random.next(below: 4), other.count)
                other.replaceSubrange(place..<end, with: pieces[random.next(below: pieces.count)].utf8)
            }
            guard outline.holds(for: other) else { continue }
            if other != text { held += 1 }
            let fresh = YAMLOutline(of: other, paths: paths)
            #expect(fresh?.value == outline.value, "\(String(decoding: other, as: UTF8.self))")
            let whole = try? YAMLReader.value(other)
            for path in paths {
                let wanted = path.reduce(whole) { $0?[$1] }
                #expect(path.reduce(outline.value) { $0?[$1] } == wanted, "\(path)")
            }
            #expect(whole != nil)
        }
        #expect(held > 5)
    }

    private static let manifest = """
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          labels: {app: web, tier: "a"}
          annotations:
            sum: 12ab
            hook: before
            note: |
              hook: text
            list:
            - hook: item
        spec:
          replicas: 3
          selector: {app: web,
            tier: back}
          ports:
          - name: http
            port: 80 # of: http
          - {name: other, port: 81}
          env:
          - name: A
            value: "x y"
          - name: B
            value: 'z: z'
          text: |
            a: b
            c: "d"
          # e: f
          last: end

        """

    private struct SplitMix {
        private var state: UInt64
        init(seed: UInt64) { state = seed }
        mutating func next(below bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((z ^ (z >> 31)) % UInt64(max(bound, 1)))
        }
    }

    private func report(_ bytes: [UInt8]) -> String {
        var lines: [String] = []
        do throws(YAMLError) {
            let documents = try YAMLReader.documents(bytes, options: YAMLOptions(positions: true))
            for document in documents {
                let range = document.range
                lines.append("document \(range.lowerBound)..<\(range.upperBound) line \(document.line)")
                lines.append(document.isEmpty ? "(empty)" : JSON.text(document.value))
                for (path, place) in (document.positions ?? [:]).sorted(by: { $0.key < $1.key }) {
                    lines.append("  \(place.line):\(place.column) \(path)")
                }
            }
            lines.append("written:\n" + YAMLWriter.text(documents[0].value, order: .asGiven))
        } catch {
            lines.append(error.description)
            let place = error.position.map { " at \($0.line):\($0.column)" } ?? ""
            lines.append("(\(error.code.rawValue)\(place))")
        }
        do throws(YAMLError) {
            _ = try YAMLReader.value(bytes, options: YAMLOptions(strict: true))
        } catch  where error.code == .duplicateKey {
            lines.append("strict: \(error)")
        } catch {}
        return lines.joined(separator: "\n") + "\n"
    }

    @Test("what bare texts stand for")
    func scalars() throws {
        let texts = text(of: Self.folder + "/scalars.txt").split(
            separator: "\n", omittingEmptySubsequences: false)
        let lines = texts.dropLast().map { text -> String in
            let value = Result { try YAMLReader.value(String(text)) }
            let key = Result { try YAMLReader.value("\(text): 1") }
            return "\(text) → \(Self.show(value))    \(Self.show(key))"
        }
        let result = compareGolden(
            lines.joined(separator: "\n") + "\n", with: Self.folder + "/scalars.expected")
        #expect(result == nil)
    }

    private static func show(_ result: Result<Value, any Error>) -> String {
        switch result {
        case .success(let value): JSON.text(value)
        case .failure(let error): "\(error)"
        }
    }

    @Test("how texts are written, and that they are read again as they were")
    func texts() throws {
        let texts = try JSON.read(text(of: Self.folder + "/texts.json")).array ?? []
        var lines: [String] = []
        for case .string(let text) in texts {
            let value: Value = ["key": .string(text), "list": [.string(text), [.string(text)]]]
            let written = YAMLWriter.text(value) + YAMLWriter.text([text: 1]) + YAMLWriter.text(.string(text))
            lines.append("# \(JSON.text(.string(text)))\n\(written)")
            // Line breaks of YAML 1.1 within a text are folded when they are read; the writer writes them so.
            guard !text.unicodeScalars.contains(where: { $0 == "\u{2028}" }) else { continue }
            #expect(try YAMLReader.value(YAMLWriter.text(value)) == value)
            #expect(try YAMLReader.value(YAMLWriter.text([text: 1])) == [text: 1])
        }
        let result = compareGolden(lines.joined(separator: "\n"), with: Self.folder + "/texts.expected")
        #expect(result == nil)
    }

    @Test("the order of keys")
    func keyOrder() throws {
        let lists = try JSON.read(text(of: Self.folder + "/key-orders.json")).array ?? []
        let lines = lists.map { list -> String in
            let members = (list.array ?? []).map { Member($0.string ?? "", 1) }
            return YAMLWriter.text(.object(Object(members)))
        }
        let result = compareGolden(lines.joined(separator: "\n"), with: Self.folder + "/key-orders.expected")
        #expect(result == nil)
    }
}
