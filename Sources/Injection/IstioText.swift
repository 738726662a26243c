import PluginAPI

/// The messages of Istio's injector that Pillion repeats word for word, because people and programs search for them.
enum IstioText {
    /// The prefix of an error of rendering or merging in the modern form; the classic form has none.
    static let templateFailed = "failed to run injection template: "

    static func templateFailed(_ form: PolicyConfiguration.Form) -> String {
        form == .modern ? templateFailed : ""
    }

    /// The prefix of an error in the text that the templates rendered.
    static func renderedTextInvalid(_ form: PolicyConfiguration.Form) -> String {
        switch form {
        case .classic: "failed parsing generated injected YAML (check Istio sidecar injector configuration): "
        case .modern: overlayFailed
        }
    }

    /// The prefix of an error of the merge.
    static let overlayFailed = templateFailed + "failed applying injection overlay: "

    static func notYAML(_ error: String) -> String { "error converting YAML to JSON: \(error)" }

    static func doesNotFit(_ error: String) -> String { "error unmarshaling JSON: \(error)" }

    static func templateNotFound(_ name: String, known: [String]) -> String {
        "requested template \"\(name)\" not found; have \(known.joined(separator: ", "))"
    }

    /// One annotation with an invalid value.
    static func invalidValue(_ value: String, of annotation: String, why: String) -> String {
        "invalid value '\(value)' for annotation '\(annotation)': \(why)"
    }

    /// The prefix of an error that is found in the finished pod.
    static let processingFailed = "failed to process pod: "

    /// Several errors, as hashicorp/go-multierror lists them.
    static func errors(_ messages: [String]) -> String {
        let head = messages.count == 1 ? "1 error occurred:" : "\(messages.count) errors occurred:"
        return head + messages.map { "\n\t* " + $0 }.joined() + "\n\n"
    }

    /// The prefix of an error in a pod's proxy configuration.
    static let proxyConfigFailed = "failed to convert to apply proxy config: "
}
