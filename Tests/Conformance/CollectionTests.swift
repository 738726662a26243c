import TestSupport
import Testing

/// Reports which collections of recorded cases are absent. With `CONFORMANCE=required`, an absent one is a failure.
@Suite struct CollectionTests {
    @Test func ownCollectionsAreWhole() {
        func count(_ path: String) -> Int { text(of: path).split(separator: "\n").count }
        #expect(count(CaseCollection.decisions.path("classic.jsonl")) == 280)
        #expect(count(CaseCollection.decisions.path("modern.jsonl")) == 280)
        #expect(count(CaseCollection.generatedTemplates.path("generated-easy.jsonl")) == 1_000)
        #expect(count(CaseCollection.generatedTemplates.path("generated.jsonl")) == 1_500)
        #expect(count(CaseCollection.reportedRendering.path) == 385)
        #expect(count(CaseCollection.reportedMustache.path) == 393)
        #expect(entries(of: CaseCollection.reportedManifests.path).count == 95)
    }

    /// Prints one line for each absent collection, with how to get it.
    @Test func absentCollectionsAreReported() {
        for collection in CaseCollection.allCases where !collection.isPresent {
            if CaseCollection.areRequired {
                Issue.record("CONFORMANCE=required: \(collection.absence)")
            } else {
                print(collection.absence)
            }
        }
    }

    @Test(arguments: CaseCollection.allCases)
    func provenanceIsRecorded(_ collection: CaseCollection) {
        let document = text(of: "\(packageRoot)/Tests/Conformance/PROVENANCE.md")
        #expect(document.contains("`\(collection.rawValue)`"), "\(collection.rawValue)")
        #expect(collection.isPresent || !collection.isOurs)
    }
}
