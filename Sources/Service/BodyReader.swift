import HTTPServer
import Values

/// Bodies as values.
enum BodyReader {
    /// Nesting of the body of /render and /decide: a request's own members, and data 100 deep.
    static let dataDepth = 102
    /// Nesting of objects of Kubernetes; custom resources are the deepest.
    static let objectDepth = 200

    /// - Throws: a problem of status 400 that says where the body is not what it says it is.
    static func value(
        of request: HTTPRequest, _ format: MediaType, depth: Int
    ) throws(RequestProblem) -> Value {
        do throws(JSONError) {
            return try JSON.read(request.body, limits: JSONLimits(depth: depth))
        } catch {
            throw .malformed("the body is not JSON: byte \(error.offset): \(error.message)")
        }
    }
}
