import Injection
import PluginAPI
import TestSupport
import Testing
import Values

/// For any body, the answer is a review that an API server accepts.
@Suite("Admission reviews")
struct AdmissionReviewTests {
    static let folder = packageRoot + "/Tests/InjectionTests/cases/reviews"

    /// The input is NAME.json. NAME.answer has the response with its decoded patch, and the report.
    @Test(arguments: entries(of: folder).filter { $0.hasSuffix(".json") })
    func answers(_ file: String) throws {
        let snapshot = try Snapshots.make(ManifestTextTests.configuration)
        var options = ReviewOptions()
        options.selfCheck = true
        let answer = try Answer(
            toText: text(of: "\(Self.folder)/\(file)"), snapshot: snapshot, options: options)
        let problem = compareGolden(answer.golden, with: "\(Self.folder)/\(file.dropLast(5)).answer")
        #expect(problem == nil, "\(problem ?? "")")
    }

    @Test("ten thousand nested arrays, and bytes that are not text")
    func hostileBodies() throws {
        let snapshot = try Snapshots.make(ManifestTextTests.configuration)
        let bodies: [[UInt8]] = [
            [UInt8](repeating: 0x5b, count: 10_000), [0xff, 0xfe, 0x00], [],
            Array("{\"request\":{\"object\":\"\u{0}".utf8) + [0xc3, 0x28],
        ]
        for body in bodies {
            var output = ByteBuffer()
            let report = body.withUnsafeBufferPointer {
                Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &output)
            }
            let answer = try JSON.read(output.bytes)
            #expect(report.kind == .failure)
            #expect(answer["response"]?["allowed"] == false)
            #expect(answer["response"]?["status"]?["code"] == 400)
            #expect(answer["apiVersion"] == "admission.k8s.io/v1")
        }
    }

    @Test("the failure mode turns an error into an answer that allows the pod and reports it")
    func failureMode() throws {
        let snapshot = try Snapshots.make("policy: enabled\nengine: literal\ntemplate: \"containers: [\"\n")
        var options = ReviewOptions()
        let body = text(of: "\(Self.folder)/injected-v1.json")
        #expect(try !Answer(toText: body, snapshot: snapshot, options: options).allowed)
        options.allowsFailure = { _ in true }
        let answer = try Answer(toText: body, snapshot: snapshot, options: options)
        #expect(answer.allowed && answer.patch.isEmpty)
        #expect(answer.report.kind == .failure && answer.report.reason == .renderedYAMLInvalid)
        #expect(
            answer.review["response"]?["warnings"]?[0]?.string?.hasPrefix("no sidecar was injected: ") == true
        )
    }
}

extension Answer {
    var golden: String {
        var shown = review
        shown.modifyObject { review in
            review.modify("response") { $0.modifyObject { $0["patch"] = nil } }
        }
        let lines = patch.map { operation in
            "\(operation.kind.rawValue) \(operation.path) \(JSON.text(operation.value))\n"
        }
        let name = "\(report.namespace)/\(report.name)"
        return JSON.text(shown, style: .pretty(2))
            + "\n\(report.kind) \(report.reason.rawValue) \(report.uid) \(name)\n"
            + lines.joined()
    }
}
