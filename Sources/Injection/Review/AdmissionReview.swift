import PluginAPI
import Values

/// An AdmissionReview, v1 or v1beta1: parsed leniently, answered strictly.
///
/// An API server accepts a v1 response only with the kind, apiVersion and uid of the request, and only with both or
/// neither of patch and patchType (measured). So these are read even if the rest of the review is invalid.
struct AdmissionReview: Sendable {
    static let group = "admission.k8s.io/"

    /// The request's own; `admission.k8s.io/v1` if the request has no supported version.
    var apiVersion = "admission.k8s.io/v1"
    var uid = ""
    var namespace = ""
    var name = ""
    var operation = ""
    var subresource = ""
    /// The kind of the object, as stated by the request.
    var kind = ""
    var object: Value?

    var version: String { String(apiVersion.dropFirst(Self.group.count)) }

    /// Parses the envelope.
    ///
    /// - Parameter problem: set to the reason if the review contains no usable pod.
    init(_ value: Value, problem: inout InjectionError?) {
        func fail(_ message: String) {
            if problem == nil { problem = InjectionError(.decode, .decodeError, message) }
        }
        guard case .object(let review) = value else {
            fail("the body is \(value.kindName), expected an AdmissionReview object")
            return
        }
        switch review["apiVersion"] {
        case .string("admission.k8s.io/v1")?, .string("admission.k8s.io/v1beta1")?:
            apiVersion = review.text("apiVersion")
        case nil, .null?, .string("")?: break
        case let other?:
            fail(
                "apiVersion is \(Self.shown(other)), expected admission.k8s.io/v1 or admission.k8s.io/v1beta1"
            )
        }
        switch review["kind"] {
        case .string("AdmissionReview")?, nil, .null?, .string("")?: break
        case let other?: fail("kind is \(Self.shown(other)), expected AdmissionReview")
        }
        guard let content = review["request"], !content.isNull else {
            fail("the AdmissionReview has no request")
            return
        }
        guard case .object(let request) = content else {
            fail("request is \(content.kindName), expected an object")
            return
        }
        uid = request.text("uid")
        namespace = request.text("namespace")
        name = request.text("name")
        operation = request.text("operation")
        subresource = request.text("subResource")
        kind = request["kind"]?["kind"]?.string ?? ""
        if let object = request["object"], !object.isNull { self.object = object }
    }

    /// Formats a value for a message, truncated.
    private static func shown(_ value: Value) -> String {
        guard case .string(let text) = value else { return value.kindName }
        return "\"\(text.prefix(64))\""
    }

    /// The content of a response.
    struct Answer {
        var allowed: Bool
        /// The JSON of the patch; empty if there is no patch.
        var patch: [UInt8] = []
        var error: InjectionError?
        var warnings: [String] = []
        var auditAnnotations: [(key: String, value: String)] = []
    }

    /// The maximum number of warnings, and the maximum size of one: the API server drops the rest.
    private static let maximumWarnings = 16
    private static let maximumWarningBytes = 240

    /// The beginning of every response, up to the text of the uid.
    static func head(version: String) -> String {
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"\(group)\(version)\",\"response\":{\"uid\":\""
    }

    func write(_ answer: Answer, into output: inout ByteBuffer) {
        output.append(Self.head(version: version))
        // The head ends in the quote of the uid.
        output.truncate(to: output.count - 1)
        JSON.write(.string(uid), into: &output)
        output.append(answer.allowed ? ",\"allowed\":true" : ",\"allowed\":false")
        if !answer.patch.isEmpty, answer.allowed {
            output.append(",\"patch\":\"")
            answer.patch.withUnsafeBufferPointer { Base64.append($0, into: &output) }
            output.append("\",\"patchType\":\"JSONPatch\"")
        }
        if let error = answer.error {
            let status = Self.status(of: error)
            output.append(",\"status\":{\"metadata\":{},\"status\":\"Failure\",\"message\":")
            JSON.write(.string(error.description), into: &output)
            output.append(",\"reason\":\"\(status.reason)\"")
            if !error.others.isEmpty {
                output.append(",\"details\":{\"causes\":")
                JSON.write(.array(error.all.map(Self.cause)), into: &output)
                output.append("}")
            }
            output.append(",\"code\":\(status.code)}")
        }
        if !answer.auditAnnotations.isEmpty {
            let members = answer.auditAnnotations.map { Member($0.key, .string($0.value)) }
            output.append(",\"auditAnnotations\":")
            JSON.write(.object(Object(members)), into: &output)
        }
        // v1beta1 has no warnings; an older API server drops a field it does not know.
        if !answer.warnings.isEmpty, version == "v1" {
            let texts = answer.warnings.prefix(Self.maximumWarnings).map { Value.string(Self.cut($0)) }
            output.append(",\"warnings\":")
            JSON.write(.array(Array(texts)), into: &output)
        }
        output.append("}}")
    }

    /// Formats the text on one line, truncated to the maximum size of a warning header.
    private static func cut(_ text: String) -> String {
        let fits = text.withBytes { $0.count <= maximumWarningBytes && $0.allSatisfy { $0 >= 0x20 } }
        if fits { return text }
        var result = ""
        var bytes = 0
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            guard bytes <= maximumWarningBytes else { return result + "…" }
            result.unicodeScalars.append(scalar.value < 0x20 ? " " : scalar)
        }
        return result
    }

    /// One of several problems, as `metav1.StatusCause`.
    private static func cause(_ error: InjectionError) -> Value {
        ["reason": .string(error.code.rawValue), "message": .string(error.message)]
    }

    /// The HTTP code and reason of `metav1.Status` for an error. kubectl shows them to the user.
    private static func status(of error: InjectionError) -> (code: Int, reason: String) {
        switch error.stage {
        case .decode: (400, "BadRequest")
        case .decide: (422, "Invalid")
        case .deadline: (504, "Timeout")
        case .overload: (503, "ServiceUnavailable")
        case .render, .parse, .schema, .patch: (500, "InternalError")
        }
    }
}
