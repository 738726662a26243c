import PluginAPI
import Testing

@Suite struct SourceMapTests {
    /// The lines `ab: 12` and `c: 3 d`, in which `1`, `2` and `3` are values.
    private static let output = Array("ab: 12\nc: 3 d\ne\n".utf8)
    private static let map: SourceMap = {
        var map = SourceMap()
        for (start, end, kind) in [
            (0, 4, SourceMap.Kind.literal), (4, 5, .value), (5, 6, .value), (6, 10, .literal),
            (10, 11, .value),
            (11, 16, .literal),
        ] {
            map.runs.append(.init(output: start..<end, template: 0, offset: start, kind: kind))
        }
        return map
    }()

    /// Places at a value, after one, before one, and on a line without one.
    @Test(arguments: [(4, 4), (5, 5), (6, 5), (0, 4), (7, 10), (12, 10)])
    func nearestValue(offset: Int, start: Int) {
        #expect(Self.map.value(near: offset, in: Self.output)?.output.lowerBound == start)
    }

    @Test(arguments: [14, 15, 16, -1]) func noValue(offset: Int) {
        #expect(Self.map.value(near: offset, in: Self.output) == nil)
    }

    /// A value of several lines is found from each of them.
    @Test func valueOfSeveralLines() {
        var map = SourceMap()
        map.runs = [.init(output: 0..<5, template: 0, offset: 0, kind: .value)]
        #expect(map.value(near: 4, in: Array("a\nb\nc".utf8))?.output == 0..<5)
    }
}
