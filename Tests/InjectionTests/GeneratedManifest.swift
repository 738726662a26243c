import Values

/// A manifest as people might write it, of a random kind and in a random style, with comments where they are lost most
/// easily. The same number gives the same manifest.
struct GeneratedManifest {
    private(set) var bytes: [UInt8] = []
    /// Texts of the comments, in order.
    private(set) var comments: [String] = []
    let isJSON: Bool

    private var random: SplitMix64
    private let style: Style
    private var lines: [String] = []

    private struct Style {
        var mapping: Int
        var sequence: Int
        var item: Int
        var quote: String
        var newline: String
        var flow: Int
        var commentShare: Int
    }

    private indirect enum Node {
        case text(String)
        case bare(String)
        case block(String)
        case map([(String, Node)])
        case list([Node])
    }

    init(_ number: Int) {
        random = SplitMix64(state: UInt64(number) &* 0x9E37_79B9 &+ 7)
        isJSON = random.below(8) == 0
        let mapping = random.below(3) == 0 ? 4 : 2
        style = Style(
            mapping: mapping, sequence: random.below(2) == 0 ? 0 : mapping,
            item: random.below(6) == 0 ? 4 : 2, quote: ["", "", "\"", "'"][random.below(4)],
            newline: random.below(4) == 0 ? "\r\n" : "\n", flow: [0, 0, 3, 8][random.below(4)],
            commentShare: [0, 6, 3][random.below(3)])
        var documents: [String] = []
        for _ in 0..<(random.below(5) == 0 ? 2 : 1) { documents.append(document()) }
        var text = documents.joined(separator: isJSON ? style.newline : "---\(style.newline)")
        switch random.below(6) {
        case 0: while text.hasSuffix(style.newline) { text.removeLast(1) }
        case 1: text += style.newline
        default: break
        }
        switch random.below(12) {
        case 0: bytes = TextEncoding.utf16LittleEndian.encode(Array(text.utf8))
        case 1: bytes = TextEncoding.utf8.encode(Array(text.utf8))
        default: bytes = Array(text.utf8)
        }
    }

    // MARK: Content

    private mutating func document() -> String {
        let object = object()
        lines = []
        if isJSON {
            let spread = random.below(3) > 0
            return json(object, indent: spread ? "" : nil) + style.newline
        }
        comment(at: 0)
        write(object, indent: 0, first: "")
        return lines.map { $0 + style.newline }.joined()
    }

    private mutating func object() -> Node {
        let template: Node = .map([("metadata", metadata(named: false)), ("spec", podSpec())])
        let (kind, version, spec): (String, String, Node)
        switch random.below(8) {
        case 0, 1: (kind, version, spec) = ("Pod", "v1", podSpec())
        case 2:
            (kind, version, spec) = (
                "CronJob", "batch/v1",
                .map([
                    ("schedule", .text("*/5 * * * *")),
                    ("jobTemplate", .map([("spec", .map([("template", template)]))])),
                ])
            )
        case 3:
            (kind, version) = ("PyTorchJob", "kubeflow.org/v1")
            let worker: Node = .map([("metadata", metadata(named: false)), ("spec", podSpec())])
            spec = .map([
                (
                    "pytorchReplicaSpecs",
                    .map([
                        ("Master", .map([("template", template)])),
                        ("Worker", .map([("replicas", .bare("2")), ("template", worker)])),
                    ])
                )
            ])
        case 4:
            (kind, version, spec) = (
                "RayCluster", "ray.io/v1", .map([("headGroupSpec", .map([("template", template)]))])
            )
        default:
            (kind, version) = ("Deployment", "apps/v1")
            spec = .map([
                ("replicas", .bare("3")), ("template", template),
                ("selector", .map([("matchLabels", .map([("app", .text("web"))]))])),
            ])
        }
        let one: Node = .map([
            ("apiVersion", .text(version)), ("kind", .text(kind)), ("metadata", metadata(named: true)),
            ("spec", spec),
        ])
        guard random.below(8) == 0 else { return one }
        let other: Node = .map([
            ("apiVersion", .text("v1")), ("kind", .text("ConfigMap")), ("metadata", metadata(named: true)),
            ("data", .map([("a.sh", .block("echo a\n\n# no comment\n"))])),
        ])
        return .map([("apiVersion", .text("v1")), ("kind", .text("List")), ("items", .list([one, other]))])
    }

    private mutating func metadata(named: Bool) -> Node {
        var members: [(String, Node)] = named ? [("name", .text("web-\(random.below(100))"))] : []
        switch random.below(6) {
        case 0: members.append(("annotations", .bare("")))
        case 1: members.append(("annotations", .bare("{}")))
        case 2:
            members.append(
                (
                    "annotations",
                    .map([("note", .text("it's \"so\"")), ("prometheus.io/port", .bare("\"80\""))])
                ))
        default: break
        }
        if random.below(3) > 0 || members.isEmpty {
            members.append(("labels", .map([("app", .text("web")), ("version", .bare("\"1\""))])))
        }
        return .map(members)
    }

    private mutating func podSpec() -> Node {
        var members: [(String, Node)] = []
        if random.below(4) == 0 {
            members.append(
                ("initContainers", random.below(2) == 0 ? .bare("") : .list([container("prepare")])))
        }
        if random.below(3) == 0 {
            members.append(("volumes", .list([.map([("name", .text("tmp")), ("emptyDir", .bare("{}"))])])))
        }
        var containers = [container("web")]
        if random.below(3) == 0 { containers.append(container("helper")) }
        members.append(("containers", .list(containers)))
        if random.below(3) == 0 { members.append(("restartPolicy", .text("Always"))) }
        if random.below(5) == 0 {
            members.append(
                ("securityContext", random.below(2) == 0 ? .bare("{}") : .map([("runAsUser", .bare("7"))])))
        }
        if random.below(6) == 0 { members.append(("imagePullSecrets", .bare("[]"))) }
        if random.below(3) == 0 { members.reverse() }
        return .map(members)
    }

    private mutating func container(_ name: String) -> Node {
        var members: [(String, Node)] = [
            ("name", .text(name)), ("image", .text("registry.example/\(name):1")),
        ]
        if random.below(3) == 0 {
            members.append(
                (
                    "env",
                    .list([
                        .map([("name", .text("A")), ("value", .bare("\"1\""))]),
                        .map([("name", .text("B")), ("value", .text("größe"))]),
                    ])
                ))
        }
        if random.below(3) == 0 {
            members.append(
                ("ports", .list([.map([("containerPort", .bare("80")), ("name", .text("http"))])])))
        }
        if random.below(3) == 0 {
            let check: Node =
                switch random.below(3) {
                case 0:
                    .map([
                        ("httpGet", .map([("path", .text("/ready")), ("port", .bare("80"))])),
                        ("periodSeconds", .bare("3")),
                    ])
                case 1:
                    .map([("initialDelaySeconds", .bare("3")), ("tcpSocket", .map([("port", .bare("80"))]))])
                default: .map([("tcpSocket", .map([("port", .bare("80"))]))])
                }
            members.append((["readinessProbe", "livenessProbe"][random.below(2)], check))
        }
        if random.below(4) == 0 {
            members.append(("args", .list([.text("-c"), .block("sleep 1\necho '# no comment'\n")])))
        }
        if random.below(4) == 0 { members.reverse() }
        return .map(members)
    }

    // MARK: Style

    private mutating func tag() -> String {
        comments.append("# c\(comments.count)")
        return comments[comments.count - 1]
    }

    /// Adds a comment line, or nothing.
    private mutating func comment(at indent: Int) {
        guard style.commentShare > 0, random.below(style.commentShare * 2) == 0 else { return }
        lines.append(String(repeating: " ", count: indent) + tag())
    }

    /// A comment for the end of the line, or an empty string.
    private mutating func trailing() -> String {
        guard style.commentShare > 0, random.below(style.commentShare) == 0 else { return "" }
        return (random.below(2) == 0 ? " " : "   ") + tag()
    }

    private mutating func write(_ node: Node, indent: Int, first: String) {
        let blanks = String(repeating: " ", count: indent)
        var prefix = first.isEmpty ? blanks : first
        switch node {
        case .map(let members):
            for (key, value) in members {
                if prefix == blanks {
                    comment(at: indent)
                    if random.below(20) == 0 { lines.append("") }
                }
                member(key, value, indent: indent, prefix: prefix)
                prefix = blanks
            }
        case .list(let items):
            for item in items {
                if prefix == blanks { comment(at: indent) }
                let dash = prefix + "-"
                prefix = blanks
                if isContainer(item), style.flow == 0 || random.below(12) >= style.flow {
                    let inner = indent + style.item
                    if random.below(8) == 0 {
                        lines.append(dash + trailing())
                        comment(at: inner)
                        write(item, indent: inner, first: "")
                    } else {
                        write(
                            item, indent: inner, first: dash + String(repeating: " ", count: style.item - 1))
                    }
                } else {
                    scalar(item, after: dash + String(repeating: " ", count: style.item - 1), indent: indent)
                }
            }
        default: break
        }
    }

    private mutating func member(_ key: String, _ value: Node, indent: Int, prefix: String) {
        let isSmall: Bool
        if case .map(let members) = value { isSmall = members.count < 4 } else { isSmall = true }
        if isContainer(value), !(isSmall && style.flow > 0 && random.below(12) < style.flow) {
            lines.append(prefix + key + ":" + trailing())
            if case .list = value {
                write(value, indent: indent + style.sequence, first: "")
            } else {
                write(value, indent: indent + style.mapping, first: "")
            }
            return
        }
        scalar(value, after: prefix + key + ": ", indent: indent)
    }

    private mutating func scalar(_ node: Node, after prefix: String, indent: Int) {
        switch node {
        case .block(let text):
            lines.append(prefix + "|")
            let inner = String(repeating: " ", count: indent + style.mapping)
            var texts = text.split(separator: "\n", omittingEmptySubsequences: false)
            texts.removeLast()
            lines += texts.map { $0.isEmpty ? "" : inner + $0 }
        default:
            let written = flow(node)
            let text =
                written.isEmpty ? String(prefix.reversed().drop { $0 == " " }.reversed()) : prefix + written
            lines.append(text + trailing())
        }
    }

    private func isContainer(_ node: Node) -> Bool {
        switch node {
        case .map(let members): !members.isEmpty
        case .list(let items): !items.isEmpty
        default: false
        }
    }

    private func flow(_ node: Node) -> String {
        switch node {
        case .text(let text):
            if text.contains("\"") || text.contains("*") || text.contains("'") {
                return "'" + text.replacing("'", with: "''") + "'"
            }
            return style.quote + text + style.quote
        case .bare(let text): return text
        case .block(let text): return JSON.text(.string(text))
        case .map(let members):
            return "{"
                + members.map { "\($0.0): \(flow($0.1).isEmpty ? "null" : flow($0.1))" }.joined(
                    separator: ", ") + "}"
        case .list(let items): return "[" + items.map { flow($0) }.joined(separator: ", ") + "]"
        }
    }

    /// - Parameter indent: nil writes everything on one line.
    private func json(_ node: Node, indent: String?) -> String {
        let inner = indent.map { $0 + String(repeating: " ", count: style.mapping) }
        let open = inner.map { style.newline + $0 } ?? ""
        let close = indent.map { style.newline + $0 } ?? ""
        let comma = inner == nil ? ", " : "," + open
        switch node {
        case .map(let members):
            return "{" + open
                + members.map { "\"\($0.0)\": " + json($0.1, indent: inner) }.joined(separator: comma) + close
                + "}"
        case .list(let items):
            return "[" + open + items.map { json($0, indent: inner) }.joined(separator: comma) + close + "]"
        case .text(let text), .block(let text): return JSON.text(.string(text))
        case .bare(let text): return text.isEmpty ? "null" : text
        }
    }
}

/// A small pseudorandom number generator; the same state gives the same numbers.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
