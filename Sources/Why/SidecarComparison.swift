import Injection
import PluginAPI
import Values

/// Whether the sidecar that a pod has is the one that it would get.
extension Examination {
    func compared(_ has: String) -> Diagnosis {
        var diagnosis = Diagnosis(
            kind: target.kind.rawValue, name: target.name, namespace: target.namespace, cause: .current,
            sentence: "\(has); whether it is the one that a new pod would get was not compared.")
        diagnosis.isCertain = false
        return diagnosis
    }
}
