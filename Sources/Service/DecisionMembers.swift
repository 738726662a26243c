import PluginAPI
import Values

extension Decision {
    /// `inject`, `reason`, `message`, `remedy`, `trace`: the answer of /decide.
    var members: Object {
        var object = Object([
            Member("inject", .bool(inject)), Member("reason", .string(reason.rawValue)),
            Member("message", .string(message)),
        ])
        if let remedy { object["remedy"] = .string(remedy) }
        if !warnings.isEmpty { object["warnings"] = .array(warnings.map { .string($0) }) }
        object["trace"] = .array(trace.map(\.json))
        return object
    }
}

extension TraceStep {
    var json: Value {
        var object = Object([
            Member("rule", .string(rule)), Member("verdict", .string(verdict.rawValue)),
            Member("decisive", .bool(decisive)),
        ])
        if let code { object["code"] = .string(code.rawValue) }
        object["message"] = .string(message)
        if let remedy { object["remedy"] = .string(remedy) }
        if let source { object["source"] = .string(source) }
        return .object(object)
    }
}
