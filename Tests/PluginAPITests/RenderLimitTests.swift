import Testing

@testable import PluginAPI

/// Every limit has its own row, and every stored limit has a case.
@Suite struct RenderLimitTests {
    @Test func rowsAreTheirOwn() {
        #expect(Set(RenderLimit.allCases.map(\.option)).count == RenderLimit.allCases.count)
        var limits = RenderLimits.commandLine
        for (index, limit) in RenderLimit.allCases.enumerated() { limits[limit] = index }
        for (index, limit) in RenderLimit.allCases.enumerated() {
            #expect(limits[limit] == index, "\(limit)")
        }
    }

    @Test func allOfRenderLimitsAreCases() {
        let stored = Mirror(reflecting: RenderLimits.server).children.compactMap(\.label)
        #expect(Set(stored) == Set(RenderLimit.allCases.map(\.rawValue) + ["deadline"]))
    }

    @Test(arguments: RenderLimit.allCases)
    func messagesHaveNumberNameAndFlag(_ limit: RenderLimit) {
        let message = ReachedLimit(limit, value: 12_345).message()
        #expect(message.contains("12345"))
        #expect(message.hasSuffix(" (limit \(limit.rawValue), set by \(limit.flag))"))
        #expect(RenderLimits.server[limit] <= RenderLimits.commandLine[limit])
    }
}
