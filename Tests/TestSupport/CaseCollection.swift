import Glibc
public import Testing

/// A collection of recorded cases, and the one place that knows where each is.
///
/// What was written for this project is in `Tests/Conformance`. What is not ours to carry is read from there as well if
/// somebody recorded it (`Tests/Conformance/PROVENANCE.md` says how), else from the folder `shared` next to the
/// checkout, or the one that `PILLION_SHARED` names. A test of a collection that may be absent says
/// `.enabled(if: CaseCollection.sprig.isPresent, CaseCollection.sprig.absence)`.
public enum CaseCollection: String, CaseIterable, Sendable {
    case decisions = "decisions"
    case generatedTemplates = "gotemplate"
    case reportedRendering = "reported/rendering.jsonl"
    case reportedMustache = "reported/mustache-yaml.jsonl"
    case reportedManifests = "reported/manifests"

    case goTemplates = "gotemplate/cases.jsonl"
    case sprig = "sprig/cases.jsonl"
    case mustache = "mustache/cases.jsonl"
    case istioClassic = "istio-1.6"
    case istioModern = "istio-1.32"
    case reportedInjection = "reported/injection.jsonl"
    case apiServerReviews = "api-server"
    case istioConfigurations = "bench"
    case goTypes = "schema"
    case foundingDocument = "installing-the-sidecar.md"

    /// Whether the project holds it: such a collection is never absent.
    public var isOurs: Bool {
        switch self {
        case .decisions, .generatedTemplates, .reportedRendering, .reportedMustache, .reportedManifests: true
        default: false
        }
    }

    /// The file or folder, in the project's own folder if it is there.
    public var path: String {
        isOurs || access(ownPath, R_OK) == 0 ? ownPath : "\(Self.shared)/\(placeInShared)"
    }

    public var isPresent: Bool { access(path, R_OK) == 0 }

    /// One line for a run that lacks it.
    public var absence: String {
        "the collection \(rawValue) is absent: it is not ours to carry; Tests/Conformance/PROVENANCE.md says how to record it"
    }

    /// A file in the collection's folder.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Where all collections have to be there: `CONFORMANCE=required`.
    public static let areRequired = getenv("CONFORMANCE").map { String(cString: $0) } == "required"

    private var ownPath: String { "\(packageRoot)/Tests/Conformance/\(rawValue)" }

    private var placeInShared: String {
        switch self {
        case .istioConfigurations: rawValue
        case .goTypes, .foundingDocument: "spec/\(rawValue)"
        default: "conformance/\(rawValue)"
        }
    }

    private static let shared: String =
        getenv("PILLION_SHARED").map { String(cString: $0) } ?? packageRoot + "/../shared"
}

extension Trait where Self == ConditionTrait {
    /// Runs a test where a collection is present, else skips it with the line that says why.
    public static func needs(_ collection: CaseCollection) -> Self {
        .enabled(if: collection.isPresent, Comment(rawValue: collection.absence))
    }
}
