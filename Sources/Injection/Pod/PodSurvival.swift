import PluginAPI
import Values

/// Checks that a pod survived its injection: all its parts are in the result.
///
/// Input: the pod before and after, and the parts that may be missing. Output: the lost parts.
///
/// | part of the pod | must be in the result |
/// | --- | --- |
/// | name, generateName, namespace, uid, owner references | unchanged |
/// | a member that is not null, `{}` or `[]` | with a value of the same kind |
/// | an item of a list with a merge key, such as a container | the n-th item with its key, with all its parts |
/// | an item of another list of objects, such as a toleration | unchanged |
/// | a list of strings or numbers, such as `args` | a list that is not empty, as a template may set it |
/// | a member that the type does not have | unchanged |
///
/// The exceptions are the parts that documented steps of an injection rewrite: handlers of probes and lifecycle hooks,
/// Prometheus' annotations, the list that contains the proxy, and the proxy's user on OpenShift.
///
/// Cost: unchanged parts share storage and are not compared further.
enum PodSurvival {
    /// A part of the pod that is not in the result.
    struct Loss: Sendable, Equatable {
        enum Step: Sendable, Hashable {
            case member(String)
            /// An item by its merge key; `#2` for the second item of a list without a merge key.
            case item(String)
        }

        /// The path to the part.
        var path: [Step]
        /// Whether the part exists in the result, but was changed.
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

    /// The parts that may be missing in the result.
    struct Allowance {
        /// Parts that were removed on purpose, as in `Loss.pointer`: those of an earlier injection, and those that a
        /// template's `$patch: delete` names.
        var removed: [String] = []
        /// The namespace of the pod, which may be set in a pod without one.
        var namespace = ""
    }

    /// The maximum number of reported losses. A pod that lost everything has one cause.
    static let limit = 8

    /// - Returns: the lost parts, at most `limit`, none of which is within another.
    static func losses(
        of pod: Pod, in result: Pod, form: PolicyConfiguration.Form, allowing allowance: Allowance
    ) -> [Loss] {
        var comparison = PodComparison(pod, result, allowance)
        comparison.compare(TypeTable.of(form))
        return comparison.losses
    }
}
