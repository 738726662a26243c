public import PluginAPI
import Values

/// Finds the expressions of a configuration's templates through which a pod's text could change the structure of the
/// injected parts if the injection did not refuse it.
///
/// Input: a Snapshot. Output: these expressions, each with the annotation or field and an example. They are found by
/// injecting into pods with a hostile text in one place at a time: the annotations and labels that the templates read,
/// names, owners and the members of proxy.istio.io/config. `pillion validate` lists them.
public enum OpenChannels {
    /// An expression through which a pod's text can change the structure.
    public struct Channel: Sendable, Equatable {
        /// The annotation or field: `annotation 'sidecar.istio.io/logLevel'`.
        public var name: String
        /// The expression.
        public var place: RenderError.Place
        /// A text that changes the structure there.
        public var example: String
    }

    /// The maximum number of places that are tried; templates in use read about 60.
    private static let placeLimit = 256
    /// The maximum number of rounds in which further places are searched: an expression may be reached only if another
    /// one has a value.
    private static let roundLimit = 4

    /// The texts that are tried, each by itself.
    private static let hostileTexts = [
        "x\nPWN: y", "x\n- PWN", "x\"\nPWN: \"y", "x'\nPWN: 'y", "x\", PWN: \"y", "x, PWN: y", "x # y", "*x",
        "!x y", "x\\", "\"", "'",
        "x: y", "null", "x\u{85}- y", "{\"PWN\": \"y\"}", "[x]", "|",
    ]
    private static let harmlessTexts = ["x", "1", "true", "{\"x\": {}}", "/x/y"]

    /// - Returns: one channel for each expression, in the order of the templates.
    public static func search(_ snapshot: Snapshot) -> [Channel] {
        var search = ChannelSearch(snapshot: snapshot)
        search.run(rounds: roundLimit, most: placeLimit, harmless: harmlessTexts, hostile: hostileTexts)
        snapshot.memory.blocks.removeAll()
        return search.channels.sorted {
            ($0.place.template, $0.place.line, $0.place.column ?? 0)
                < ($1.place.template, $1.place.line, $1.place.column ?? 0)
        }
    }
}

/// A place in a pod where a text can be put.
private enum PodPlace: Hashable {
    case annotation(String)
    case label(String)
    case annotationKey
    case ownerName, ownerKind, namespace, containerName, portName
    /// A member of the annotation proxy.istio.io/config.
    case proxyConfig([String])

    static let always: [PodPlace] = [
        .annotationKey, .ownerName, .ownerKind, .namespace, .containerName, .portName,
        .proxyConfig(["proxyMetadata", "PILLION"]),
    ]

    /// The place for a path of the data; nil if the path is not a single place for a text.
    init?(_ path: [String]) {
        switch (path.first?.lowercased(), path.count > 1 ? path[1].lowercased() : "") {
        case ("objectmeta", "annotations") where path.count == 3: self = .annotation(path[2])
        case ("objectmeta", "labels") where path.count == 3: self = .label(path[2])
        case ("proxyconfig", _) where path.count > 1:
            self = .proxyConfig(
                path.dropFirst().map { name in
                    let bare = name.begins(with: "Get") ? String(name.dropFirst(3)) : name
                    return (bare.first?.lowercased() ?? "") + bare.dropFirst()
                })
        default: return nil
        }
    }

    func put(_ text: String, in fixture: Pod) -> Pod {
        var pod = fixture
        switch self {
        case .annotation(let key): pod.setAnnotation(key, text)
        case .label(let key): pod.setLabel(key, text)
        case .annotationKey: pod.setAnnotation(text, "x")
        case .namespace: pod.metadata["namespace"] = .string(text)
        case .ownerName, .ownerKind:
            let member = self == .ownerName ? "name" : "kind"
            pod.metadata.modify("ownerReferences") { owners in
                owners.modifyArray { owners in
                    for index in owners.indices { owners[index].modifyObject { $0[member] = .string(text) } }
                }
            }
        case .containerName:
            pod.modifyList("containers") { items in items[0].modifyObject { $0["name"] = .string(text) } }
        case .portName:
            pod.modifyList("containers") { items in
                items[0].modifyObject { $0["ports"] = [["name": .string(text), "containerPort": 8080]] }
            }
        case .proxyConfig(let path):
            let value = path.reversed().reduce(Value.string(text)) { .object(Object([Member($1, $0)])) }
            pod.setAnnotation(MetadataKey.proxyConfig, JSON.text(value))
        }
        return pod
    }
}

private struct ChannelSearch {
    let snapshot: Snapshot
    private(set) var channels: [OpenChannels.Channel] = []
    private var known: Set<PodPlace> = []
    private var order: [PodPlace] = []

    init(snapshot: Snapshot) { self.snapshot = snapshot }

    mutating func run(rounds: Int, most: Int, harmless: [String], hostile: [String]) {
        let fixtures = PreflightFixtures.all(snapshot.form).filter { $0.isTypical }.map(\.pod)
        for place in PodPlace.always { note(place, most) }
        for fixture in fixtures { read(fixture, most) }
        var done = 0
        for _ in 0..<rounds {
            let upTo = order.count
            guard done < upTo else { break }
            for place in order[done..<upTo] {
                for fixture in fixtures { for text in harmless { read(place.put(text, in: fixture), most) } }
            }
            done = upTo
        }
        for place in order {
            for fixture in fixtures { for text in hostile { attempt(place, text, fixture) } }
        }
    }

    private mutating func note(_ place: PodPlace, _ most: Int) {
        if known.count < most, known.insert(place).inserted { order.append(place) }
    }

    /// Finds the annotations, labels and members that the templates read for a pod.
    private mutating func read(_ pod: Pod, _ most: Int) {
        let subject = subject(of: pod)
        subject.taintReads = []
        _ = try? PodInjection.inject(subject, snapshot: snapshot)
        for path in subject.taintReads ?? [] { if let place = PodPlace(path) { note(place, most) } }
    }

    private mutating func attempt(_ place: PodPlace, _ text: String, _ fixture: Pod) {
        let subject = subject(of: place.put(text, in: fixture))
        do throws(InjectionError) {
            _ = try PodInjection.inject(subject, snapshot: snapshot)
        } catch {
            for problem in error.all where problem.code == .taintedValue {
                guard let taint = problem.taint, !channels.contains(where: { $0.place == taint.place }) else {
                    continue
                }
                channels.append(OpenChannels.Channel(name: taint.name, place: taint.place, example: text))
            }
        }
    }

    private func subject(of pod: Pod) -> InjectionSubject {
        let subject = InjectionSubject(pod: pod, form: snapshot.form, namespace: "default", isReview: true)
        subject.taintMode = .enforce
        return subject
    }
}

extension PreflightFixture {
    /// Whether a fixture is one of those that are tried: annotated or not, with an owner that templates see unchanged.
    fileprivate var isTypical: Bool {
        !(pod.spec["hostNetwork"]?.bool ?? false)
            && pod.annotation(MetadataKey.nativeSidecar) == nil
            && pod.metadata["ownerReferences"]?.array?.first?["kind"] == "StatefulSet"
    }
}
