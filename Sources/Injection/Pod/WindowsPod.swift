import PluginAPI
import Values

/// A pod for Windows nodes, which no sidecar runs in: its containers are Linux', and so is what sets up the network.
enum WindowsPod {
    /// Why it is left alone; nil for any other pod.
    static func decision(of pod: Pod) -> Decision? {
        guard pod.spec["os"]?["name"] == "windows" else { return nil }
        return RequestGate.skip(.osWindows, detail: "", at: "/spec/os/name")
    }
}
