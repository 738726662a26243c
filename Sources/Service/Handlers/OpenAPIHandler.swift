import CAssets
import HTTPServer
import Values
import YAML

/// GET /openapi.yaml and /openapi.json: the OpenAPI contract in its original text and as JSON.
struct OpenAPIHandler: Handler {
    let asJSON: Bool

    /// The original text of the contract, which is part of the program.
    static var document: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: pillion_openapi.bytes, count: pillion_openapi.count)
    }

    /// The contract as a value, parsed at first use; nil if the document is not YAML, which a test rules out.
    static let json: Value? = {
        do throws(YAMLError) {
            return try YAMLReader.value(document)
        } catch {
            return nil
        }
    }()

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        guard asJSON else {
            return HTTPResponse(
                status: 200, headers: HTTPResponse.headers(MediaType.yaml.rawValue), constant: Self.document)
        }
        guard let json = Self.json else {
            throw RequestProblem(
                status: 500, code: "internal_error", detail: "the document cannot be read as YAML")
        }
        return HTTPResponse(json: json, for: request)
    }
}
