import HTTPServer
import Values
import YAML

/// Bodies as values.
enum BodyReader {
    /// Nesting of the body of /render: the request itself, and data 100 deep.
    static let dataDepth = 101
    /// Nesting of objects of Kubernetes; custom resources are the deepest.
    static let objectDepth = 200

    /// - Throws: a problem of status 400 that says where the body is not what it says it is.
    static func value(
        of request: HTTPRequest, _ format: MediaType, depth: Int
    ) throws(RequestProblem) -> Value {
        format == .yaml ? try yaml(request.body, depth) : try json(request.body, depth)
    }

    private static func json(_ body: UnsafeBufferPointer<UInt8>, _ depth: Int) throws(RequestProblem) -> Value
    {
        if let encoding = TextEncoding(markIn: body) { return try decoded(body, encoding, depth) }
        do throws(JSONError) {
            return try JSON.read(body, limits: JSONLimits(depth: depth))
        } catch {
            throw .malformed("the body is not JSON: byte \(error.offset): \(error.message)")
        }
    }

    /// A body as Windows writes it: with a byte order mark, in UTF-16 for example.
    private static func decoded(
        _ body: UnsafeBufferPointer<UInt8>, _ encoding: TextEncoding, _ depth: Int
    ) throws(RequestProblem) -> Value {
        let text: [UInt8]
        do throws(TextEncoding.Problem) {
            text = try encoding.decode(body)
        } catch {
            throw .malformed("the body is not valid text: \(error.message)")
        }
        do throws(JSONError) {
            return try JSON.read(text, limits: JSONLimits(depth: depth))
        } catch {
            throw .malformed("the body is not JSON: byte \(error.offset): \(error.message)")
        }
    }

    private static func yaml(_ body: UnsafeBufferPointer<UInt8>, _ depth: Int) throws(RequestProblem) -> Value
    {
        do throws(YAMLError) {
            let options = YAMLOptions(limits: YAMLLimits(depth: depth))
            let documents = try YAMLReader.documents(body, options: options).filter { !$0.isEmpty }
            guard documents.count <= 1 else {
                throw YAMLError(code: .syntax, message: "it holds \(documents.count) documents, expected one")
            }
            return documents.first?.value ?? .null
        } catch {
            let place = error.position.map { "line \($0.line), column \($0.column): " } ?? ""
            throw .malformed("the body is not YAML: \(place)\(error.message)")
        }
    }
}
