import PluginAPI
import TestSupport
import Testing
import Values

@testable import Injection

/// What an API server would refuse in an injected pod. The messages are in the cases of `validate`.
@Suite struct PodCheckTests {
    private func codes(_ metadata: Object, _ spec: Object, before: Pod? = nil) -> [String] {
        let empty = Pod(metadata: Object(), spec: Object())
        return PodCheck.findings(Pod(metadata: metadata, spec: spec), before: before ?? empty).map(\.code)
    }

    private func container(_ name: String, _ more: Object = Object()) -> Value {
        var object = Object([Member("name", .string(name)), Member("image", "i")])
        object.members += more.members
        return .object(object)
    }

    @Test(arguments: [(62, true), (63, true), (64, false)])
    func lengthOfNames(length: Int, isGood: Bool) {
        let name = String(repeating: "a", count: length)
        let found = codes(Object(), Object([Member("containers", .array([container(name)]))]))
        #expect(found == (isGood ? [] : ["name_invalid"]))
    }

    @Test(arguments: [(14, true), (15, true), (16, false)])
    func lengthOfPortNames(length: Int, isGood: Bool) {
        let port: Value = [
            "name": .string(String(repeating: "a", count: length)), "containerPort": 1,
        ]
        let more = Object([Member("ports", .array([port]))])
        let found = codes(Object(), Object([Member("containers", .array([container("c", more)]))]))
        #expect(found == (isGood ? [] : ["name_invalid"]))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func bytesOfAnnotations(past: Int, isGood: Bool) {
        let text = String(repeating: "a", count: PodCheck.annotationBytes - 1 + past)
        let metadata = Object([Member("annotations", ["k": .string(text)])])
        #expect(codes(metadata, Object()) == (isGood ? [] : ["too_long"]))
    }

    @Test(arguments: [(62, true), (63, true), (64, false)])
    func lengthOfLabelValues(length: Int, isGood: Bool) {
        let metadata = Object([Member("labels", ["k": .string(String(repeating: "a", count: length))])])
        #expect(codes(metadata, Object()) == (isGood ? [] : ["too_long"]))
    }

    @Test(arguments: ["-a", "a-", "A", "a.b", "a_b", "ä"])
    func namesThatAreNone(name: String) {
        #expect(
            codes(Object(), Object([Member("volumes", [["name": .string(name)]])])) == ["name_invalid"])
    }

    /// What was wrong before the injection is not the template's doing.
    @Test func whatTheUserDidIsNotReported() {
        let spec = Object([Member("containers", .array([container("A"), container("A")]))])
        let before = Pod(metadata: Object(), spec: spec)
        #expect(codes(Object(), spec, before: before) == [])
    }

    @Test func everyCombinationOfTheMatrixIsThere() {
        #expect(PreflightFixtures.all(.classic).count == 6 * 2 * 2)
        #expect(PreflightFixtures.all(.modern).count == 6 * 2 * 2 * 2)
        #expect(Set(PreflightFixtures.all(.modern).map(\.name)).count == 48)
    }
}
