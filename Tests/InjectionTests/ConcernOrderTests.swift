import PluginAPI
import TestSupport
import Testing

@testable import Injection

/// Checks that every concern is in the lists of concerns.
@Suite struct ConcernOrderTests {
    private static let lists = [
        ConcernOrder.classicReview, ConcernOrder.classicManifest, ConcernOrder.modernReview,
        ConcernOrder.modernManifest,
    ]

    private static func names(_ concerns: [any PodConcern]) -> [String] {
        concerns.map { "\(type(of: $0))" }
    }

    /// Names of the types of `Sources/Injection` that conform to `PodConcern`.
    private static let concerns: [String] = {
        let folder = "\(packageRoot)/Sources/Injection/Concerns"
        return entries(of: folder).flatMap { file in
            text(of: "\(folder)/\(file)").split(separator: "\n").compactMap { line in
                line.hasPrefix("struct ") && line.contains(": PodConcern")
                    ? String(line.dropFirst(7).prefix { $0 != ":" }) : nil
            }
        }
    }()

    @Test func everyConcernIsInAForm() {
        #expect(Self.concerns.count > 10)
        let listed = Set(Self.lists.flatMap(Self.names))
        for concern in Self.concerns {
            #expect(listed.contains(concern), "\(concern) is in no list of ConcernOrder: no form applies it")
        }
    }

    @Test func everyConcernHasAWayBack() {
        let wayBack = Self.names(ConcernOrder.wayBack)
        for concern in Self.concerns {
            #expect(
                wayBack.count { $0 == concern } == 1,
                "\(concern) is not once in ConcernOrder.wayBack: kube-uninject skips it or undoes it twice"
            )
        }
    }

    @Test(arguments: lists.indices) func nothingIsAppliedTwice(_ list: Int) {
        let names = Self.names(Self.lists[list])
        #expect(Set(names).count == names.count)
    }
}
