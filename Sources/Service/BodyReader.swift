import HTTPServer
import PluginAPI
import System
import Values
import YAML

/// Parses request bodies.
enum BodyReader {
    /// The largest nesting depth of the body of /render: the request itself, and data 100 deep.
    static let dataDepth = 101
    /// The largest nesting depth of Kubernetes objects; custom resources are the deepest.
    static let objectDepth = 200
    /// The largest number of values in one body, in JSON or YAML. A list of 500 large objects has 100,000.
    static let values = 500_000
    /// The largest number of values that are read on a connection thread. With aliases, a short body can have many.
    static let quickValues = 20_000

    /// - Throws: a problem of status 400 with the position at which the body is not valid in its format.
    static func value(
        of request: HTTPRequest, _ format: MediaType, depth: Int
    ) throws(RequestProblem) -> Value {
        try value(request.body, format, depth, values)
    }

    /// The same on a connection thread; nil if the body has more values than are read there.
    static func quickValue(
        of request: HTTPRequest, _ format: MediaType, depth: Int
    ) throws(RequestProblem) -> Value? {
        do throws(RequestProblem) {
            return try value(request.body, format, depth, quickValues)
        } catch {
            if error == .tooManyValues { return nil }
            throw error
        }
    }

    private static func value(
        _ body: UnsafeBufferPointer<UInt8>, _ format: MediaType, _ depth: Int, _ values: Int
    ) throws(RequestProblem) -> Value {
        format == .yaml ? try yaml(body, depth, values) : try json(body, depth, values)
    }

    private static func json(
        _ body: UnsafeBufferPointer<UInt8>, _ depth: Int, _ values: Int
    ) throws(RequestProblem) -> Value {
        if let encoding = TextEncoding(markIn: body) { return try decoded(body, encoding, depth, values) }
        do throws(JSONError) {
            return try JSON.read(body, limits: JSONLimits(depth: depth, values: values))
        } catch {
            guard error.code != .tooManyValues else { throw .tooManyValues }
            guard error.code != .stopped else { throw .stopped(WorkStop.current ?? .deadline) }
            throw .malformed("the body is not JSON: byte \(error.offset): \(error.message)")
        }
    }

    /// Parses a body with a byte order mark, as Windows writes it; its text may be UTF-16.
    private static func decoded(
        _ body: UnsafeBufferPointer<UInt8>, _ encoding: TextEncoding, _ depth: Int, _ values: Int
    ) throws(RequestProblem) -> Value {
        let text: [UInt8]
        do throws(TextEncoding.Problem) {
            text = try encoding.decode(body)
        } catch {
            throw .malformed("the body is not valid text: \(error.message)")
        }
        do throws(JSONError) {
            return try JSON.read(text, limits: JSONLimits(depth: depth, values: values))
        } catch {
            guard error.code != .tooManyValues else { throw .tooManyValues }
            guard error.code != .stopped else { throw .stopped(WorkStop.current ?? .deadline) }
            throw .malformed("the body is not JSON: byte \(error.offset): \(error.message)")
        }
    }

    private static func yaml(
        _ body: UnsafeBufferPointer<UInt8>, _ depth: Int, _ values: Int
    ) throws(RequestProblem) -> Value {
        do throws(YAMLError) {
            let options = YAMLOptions(limits: YAMLLimits(depth: depth, nodes: values, textNodes: values))
            let documents = try YAMLReader.documents(body, options: options).filter { !$0.isEmpty }
            guard documents.count <= 1 else {
                throw YAMLError(code: .syntax, message: "it holds \(documents.count) documents, expected one")
            }
            return documents.first?.value ?? .null
        } catch {
            guard error.code != .tooManyNodes else { throw .tooManyValues }
            guard error.code != .stopped else { throw .stopped(WorkStop.current ?? .deadline) }
            let place = error.position.map { "line \($0.line), column \($0.column): " } ?? ""
            throw .malformed("the body is not YAML: \(place)\(error.message)")
        }
    }
}

extension RequestProblem {
    /// The problem of work that was stopped outside of an engine.
    static func stopped(_ stop: WorkStop) -> RequestProblem {
        switch stop {
        case .deadline:
            RequestProblem(
                status: 504, code: RenderError.Kind.deadline.rawValue,
                detail: "the time for the request is over")
        case .memory:
            RequestProblem(
                status: 413, code: "body_too_large",
                detail: "reading the body takes more memory than one request may hold",
                members: Object([Member("limit", ["name": .string(RenderLimit.memory.rawValue)])]))
        case .clientGone, .overload:
            RequestProblem(
                status: 503, code: RenderError.Kind.overload.rawValue, detail: stop.sentence, retryAfter: 1)
        }
    }

    static let tooManyValues = tooManyValues(BodyReader.values)

    static func tooManyValues(_ limit: Int) -> RequestProblem {
        RequestProblem(
            status: 413, code: "body_too_large",
            detail: "the body holds more than \(limit) values, which is the limit here",
            members: Object([Member("limit", ["name": "values", "value": .int(Int64(limit))])]))
    }
}
