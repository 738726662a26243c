import Glibc
public import Testing

/// A collection of recorded cases, and where it is.
///
/// Collections that were written for this project are in `Tests/Conformance`. The others are not part of the
/// repository. They are read from there if they were recorded (`Tests/Conformance/PROVENANCE.md` describes how), else
/// from the folder `shared` next to the checkout, or from the folder in `PILLION_SHARED`. A test of a collection that
/// may be absent has the trait `.needs(.sprig)`.
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

    /// Whether the repository contains the collection, so that it is never absent.
    public var isOurs: Bool {
        switch self {
        case .decisions, .generatedTemplates, .reportedRendering, .reportedMustache, .reportedManifests: true
        default: false
        }
    }

    /// The path of the file or folder, in the repository if it exists there.
    public var path: String {
        isOurs || access(ownPath, R_OK) == 0 ? ownPath : "\(Self.shared)/\(placeInShared)"
    }

    public var isPresent: Bool { access(path, R_OK) == 0 }

    /// A line for a run without the collection.
    public var absence: String {
        "the collection \(rawValue) is absent: it is not part of this repository; Tests/Conformance/PROVENANCE.md says how to record it"
    }

    /// A file in the collection's folder.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Whether all collections are required: `CONFORMANCE=required`.
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
    /// Runs a test if a collection is present, else skips it with the reason.
    public static func needs(_ collection: CaseCollection) -> Self {
        .enabled(if: collection.isPresent, Comment(rawValue: collection.absence))
    }
}
