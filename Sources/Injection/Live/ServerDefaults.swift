import PluginAPI
import Values

/// Default values that an API server sets, so that a pod that is read back has more fields than were written.
///
/// The source is Kubernetes' `SetDefaults_*` functions for core/v1, limited to parts of a pod that an injection writes:
/// containers, volumes, probes.
enum ServerDefaults {
    private struct Entry {
        let type: String
        let value: Value
    }

    /// The defaults by member; a member of several types has several entries.
    private static let table: [String: [Entry]] = {
        var table: [String: [Entry]] = [:]
        for (type, member, value) in rows {
            table[member, default: []].append(Entry(type: type, value: value))
        }
        return table
    }()

    private static let rows: [(String, String, Value)] = [
        ("v1.Container", "terminationMessagePath", "/dev/termination-log"),
        ("v1.Container", "terminationMessagePolicy", "File"),
        ("v1.ContainerPort", "protocol", "TCP"),
        ("v1.Probe", "timeoutSeconds", 1),
        ("v1.Probe", "periodSeconds", 10),
        ("v1.Probe", "successThreshold", 1),
        ("v1.Probe", "failureThreshold", 3),
        ("v1.HTTPGetAction", "scheme", "HTTP"),
        ("v1.HTTPGetAction", "path", "/"),
        ("v1.GRPCAction", "service", ""),
        ("v1.ObjectFieldSelector", "apiVersion", "v1"),
        ("v1.ResourceFieldSelector", "divisor", "0"),
        ("v1.SecurityContext", "procMount", "Default"),
        ("v1.VolumeMount", "recursiveReadOnly", "Disabled"),
        ("v1.SecretVolumeSource", "defaultMode", 420),
        ("v1.ConfigMapVolumeSource", "defaultMode", 420),
        ("v1.DownwardAPIVolumeSource", "defaultMode", 420),
        ("v1.ProjectedVolumeSource", "defaultMode", 420),
        ("v1.ServiceAccountTokenProjection", "expirationSeconds", 3600),
        ("v1.HostPathVolumeSource", "type", ""),
        ("v1.PodSpec", "dnsPolicy", "ClusterFirst"),
        ("v1.PodSpec", "restartPolicy", "Always"),
        ("v1.PodSpec", "schedulerName", "default-scheduler"),
        ("v1.PodSpec", "terminationGracePeriodSeconds", 30),
        ("v1.PodSpec", "enableServiceLinks", true),
        ("v1.PodSpec", "serviceAccountName", "default"),
        ("v1.PodSpec", "serviceAccount", "default"),
    ]

    /// Whether a member has the value that an API server sets if the member is absent.
    ///
    /// - Parameters:
    ///   - type: the type of the object; `any` for JSON in an annotation or variable, where the member's name is
    ///     enough.
    ///   - siblings: the object.
    static func isDefault(_ value: Value, of member: String, in type: ObjectType, _ siblings: Object) -> Bool
    {
        if let entries = table[member] {
            for entry in entries where type.kind == .any || type.name == entry.type {
                if entry.value == value { return true }
            }
        }
        guard member == "imagePullPolicy", type.name == "v1.Container" else { return false }
        return value == pullPolicy(of: siblings.text("image"))
    }

    /// `Always` for the tag `latest` or a missing tag, else `IfNotPresent`.
    private static func pullPolicy(of image: String) -> Value {
        if image.contains(byte: "@") { return "IfNotPresent" }
        let last = image.split(byte: "/").last ?? ""
        return last.contains(byte: ":") && !last.ends(with: ":latest") ? "IfNotPresent" : "Always"
    }
}
