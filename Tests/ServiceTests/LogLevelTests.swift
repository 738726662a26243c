import Testing

@testable import Service

struct LogLevelTests {
    @Test func aLevelAloneHoldsWhereNothingElseIsSaid() throws {
        let levels = try LogLevels(parsing: "warning,tls:debug,access:none")
        #expect(levels[.server] == .warning)
        #expect(levels[.tls] == .debug)
        #expect(levels[.access] == .none)
        #expect(try LogLevels(parsing: "tls:debug")[.config] == .info)
        #expect(try LogLevels(parsing: "") == LogLevels(.info))
    }

    @Test func scopesOfIstio() throws {
        let levels = try LogLevels(istio: "default:warn,security:debug,ads:debug,injection:error")
        #expect(levels[.server] == .warning)
        #expect(levels[.tls] == .debug)
        #expect(levels[.access] == .error)
        #expect(levels[.config] == .error)
        #expect(try LogLevels(istio: "all:debug")[.kubernetes] == .debug)
        #expect(try LogLevels(istio: "debug")[.kubernetes] == .debug)
    }

    @Test(arguments: [
        ("loud", "\"loud\" has no level: expected debug, info, warning, error or none"),
        ("tls:", "\"tls:\" has no level: expected debug, info, warning, error or none"),
        (
            "tsl:debug",
            "\"tsl\" is not a part of the server: expected one of server, access, config, tls, kubernetes"
        ),
    ])
    func whatIsWrong(text: String, message: String) {
        let error = #expect(throws: ServiceError.self) { try LogLevels(parsing: text) }
        #expect(error?.message == message)
    }
}
