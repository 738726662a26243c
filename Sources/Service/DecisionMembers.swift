import PluginAPI
import Values

extension Decision {
    /// `inject`, `reason`, `message`, `remedy`, `trace`: the answer of /decide.
    var members: Object { json().object ?? Object() }
}
