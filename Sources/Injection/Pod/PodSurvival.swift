import PluginAPI
import Values

/// Checks that a pod survived its injection: everything that it brought is in the result.
///
/// In: the pod before and after, and what may go. Out: what is lost.
///
/// | part of the pod | must be in the result |
/// | --- | --- |
/// | name, generateName, namespace, uid, owner references | unchanged |
/// | a member that is not null, `{}` or `[]` | with a value of the same kind |
/// | an item of a list with a merge key, such as a container | the n-th of a key by the n-th, and all that is in it |
/// | an item of another list of objects, such as a toleration | unchanged |
/// | a list of strings or numbers, such as `args` | a list that is not empty, as a template may set it |
/// | a member that the type does not have | unchanged |
///
/// Excepted is what documented steps of an injection rewrite: handlers of probes and lifecycle hooks, Prometheus'
/// annotations, the proxy's place among containers or init containers and its user on OpenShift.
///
/// Cost: what nobody changed is the same storage and is not compared; of the rest, names are.
enum PodSurvival {
    /// A part of the pod that is not in the result.
    struct Loss: Sendable, Equatable {
        enum Step: Sendable, Hashable {
            case member(String)
            /// An item by its merge key; `#2` for the second of a list without one.
            case item(String)
        }

        /// The way to the part.
        var path: [Step]
        /// Whether the part is there, but is not what it was.
        var isChanged: Bool

        /// `/spec/containers/web/env/DEBUG`
        var pointer: String {
            path.reduce(into: "") { text, step in
                switch step {
                case .member(let key), .item(let key): text += "/" + JSONPointer.escape(key)
                }
            }
        }
    }

    /// What the result may lack.
    struct Allowance {
        /// Parts that were taken out on purpose, as `Loss.pointer` has them: what an earlier injection made, what a
        /// template's `$patch: delete` names.
        var removed: [String] = []
        /// Where the pod will live: a namespace that the pod does not have may become this one.
        var namespace = ""
    }

    /// Losses that are reported; a wiped pod is one mistake.
    static let limit = 8

    /// - Returns: what is lost, at most `limit` parts, none of which is within another.
    static func losses(
        of pod: Pod, in result: Pod, form: PolicyConfiguration.Form, allowing allowance: Allowance
    ) -> [Loss] {
        var comparison = PodComparison(pod, result, allowance)
        comparison.compare(TypeTable.of(form))
        return comparison.losses
    }
}
