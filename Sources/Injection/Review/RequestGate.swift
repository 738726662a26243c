import PluginAPI
import Values

/// Lets requests pass unchanged that an injector must not modify, whatever the pod contains.
enum RequestGate {
    /// The decision to skip; nil if the decision depends on the pod.
    static func decision(of review: AdmissionReview) -> Decision? {
        if !review.operation.isEmpty, review.operation != "CREATE" {
            return skip(
                .operationNotCreate, detail: "the operation is \(review.operation)", at: "/request/operation")
        }
        if !review.subresource.isEmpty {
            return skip(
                .subresource, detail: "the subresource is \(review.subresource)", at: "/request/subResource")
        }
        guard let object = review.object else { return nil }
        let kind = object["kind"]?.string ?? review.kind
        if !kind.isEmpty, kind != "Pod" {
            return skip(.unsupportedResource, detail: "the object is a \(kind)", at: "/request/object/kind")
        }
        let annotations = object["metadata"]?["annotations"]
        if annotations?[MetadataKey.mirrorPod]?.string != nil {
            return skip(
                .mirrorPod, detail: "",
                at: "/request/object/metadata/annotations/kubernetes.io~1config.mirror")
        }
        return nil
    }

    /// The decision not to inject into a mirror pod; nil for any other pod.
    static func mirrorPod(_ pod: Pod) -> Decision? {
        guard pod.annotations[MetadataKey.mirrorPod]?.string != nil else { return nil }
        return skip(.mirrorPod, detail: "", at: "/metadata/annotations/kubernetes.io~1config.mirror")
    }

    /// A decision with one step, which is decisive.
    static func skip(_ code: ReasonCode, detail: String, at source: String) -> Decision {
        let entry = code.entry
        let message = entry.filled([("detail", detail)])
        let step = TraceStep(
            rule: "request", verdict: .skip, decisive: true, code: code, message: message,
            remedy: entry.remedy,
            source: source)
        return Decision(inject: false, reason: code, message: message, remedy: entry.remedy, trace: [step])
    }
}
