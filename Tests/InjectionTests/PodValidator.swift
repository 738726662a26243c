import Values

/// Validates a pod as an API server does. Follows the validation of Kubernetes, for tests only, and shares no code with
/// what it checks.
enum PodValidator {
    /// A problem: the affected part, and its kind.
    struct Problem: Hashable {
        var part: String
        var what: What

        /// Whether a warning of the forecast is about the problem.
        func isNamed(in warning: String) -> Bool {
            warning.hasPrefix("forecast: ") && warning.contains(part)
                && what.words.contains(where: warning.contains)
        }
    }

    enum What: CaseIterable {
        case required, duplicate, name, label, sources, value, handlers, port, number, mount, volume,
            forbidden
        case quantity, exceeds, privileges, size

        /// A message about a problem of this kind contains one of these.
        var words: [String] {
            switch self {
            case .required: ["no image", "no name", "has no ", "no containers", "no nameserver"]
            case .duplicate: ["two ", "used twice"]
            case .name: ["not valid", "not a valid"]
            case .label: ["label"]
            case .sources: ["expected one source", "expected one"]
            case .value: ["value and valueFrom"]
            case .handlers: ["expected one handler", "no handler"]
            case .port: ["port"]
            case .number: ["expected", "must be"]
            case .mount: ["mount"]
            case .volume: ["which is not there"]
            case .forbidden: ["an init container has no"]
            case .quantity: ["not a valid quantity", "below 0"]
            case .exceeds: ["above its limit"]
            case .privileges: ["needs allowPrivilegeEscalation"]
            case .size: ["bytes together"]
            }
        }
    }

    static func problems(_ pod: Value) -> Set<Problem> {
        var walk = Walk()
        walk.metadata(pod["metadata"] ?? .null)
        walk.spec(pod["spec"] ?? .null)
        return walk.found
    }
}

/// The walk over one pod.
private struct Walk {
    var found: Set<PodValidator.Problem> = []
    private var volumes: Set<String> = []
    private var hostPorts: Set<String> = []

    private mutating func add(_ part: String, _ what: PodValidator.What) {
        found.insert(PodValidator.Problem(part: part, what: what))
    }

    /// Whether a text has 1 to `most` characters, all of this set, with a letter or digit at both ends.
    private static func matches(_ text: String, _ characters: Set<UInt8>, most: Int = 63) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= most else { return false }
        let between: Set<UInt8> = Set("-_.".utf8)
        return bytes.allSatisfy(characters.contains) && !between.contains(first) && !between.contains(last)
    }

    private static let lower = Set("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)
    private static let mixed = lower.union("ABCDEFGHIJKLMNOPQRSTUVWXYZ_.".utf8)

    // MARK: Metadata

    mutating func metadata(_ metadata: Value) {
        for label in metadata["labels"]?.object?.members ?? [] {
            let value = label.value.string ?? ""
            let isValue = value.isEmpty || Self.matches(value, Self.mixed)
            if !isValue { add(label.key, .label) }
            key(label.key)
        }
        let annotations = metadata["annotations"]?.object?.members ?? []
        for annotation in annotations { key(annotation.key) }
        if annotations.reduce(0, { $0 + $1.key.utf8.count + ($1.value.string ?? "").utf8.count }) > 262_144 {
            add("annotations", .size)
        }
    }

    private mutating func key(_ key: String) {
        let sides = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = sides.last ?? ""
        let isName = Self.matches(name, Self.mixed)
        if !isName || sides.count == 2 && sides[0].isEmpty { add(String(key.prefix(40)), .name) }
    }

    // MARK: Spec

    mutating func spec(_ spec: Value) {
        for volume in spec["volumes"]?.array ?? [] {
            let name = volume["name"]?.string ?? ""
            if !Self.isLabel(name) { add(name, .name) }
            if !volumes.insert(name).inserted { add(name, .duplicate) }
            let sources = volume.object?.members.filter { !$0.value.isNull && $0.key != "name" } ?? []
            if sources.count > 1 { add(name, .sources) }
        }
        if spec["containers"]?.array?.isEmpty ?? true { add("containers", .required) }
        let isHost = spec["hostNetwork"] == true
        var names: Set<String> = []
        for list in ["initContainers", "containers"] {
            for item in spec[list]?.array ?? [] {
                let name = item["name"]?.string ?? ""
                if !names.insert(name).inserted { add(name, .duplicate) }
                container(item, name, isInit: list == "initContainers", isHost: isHost)
            }
        }
        let servers = spec["dnsConfig"]?["nameservers"]?.array?.count ?? 0
        if servers > 3 { add("dnsConfig", .number) }
        if spec["dnsPolicy"] == "None", servers == 0 { add("dnsConfig", .required) }
        let sysctls = spec["securityContext"]?["sysctls"]?.array?.compactMap { $0["name"]?.string } ?? []
        if Set(sysctls).count < sysctls.count { add("sysctls", .duplicate) }
    }

    private static func isLabel(_ name: String) -> Bool {
        matches(name, lower)
    }

    // MARK: Containers

    private mutating func container(_ container: Value, _ name: String, isInit: Bool, isHost: Bool) {
        if !Self.isLabel(name) { add(name, .name) }
        if (container["image"]?.string ?? "").isEmpty { add(name, .required) }
        mounts(container, name)
        ports(container, name, isHost: isHost)
        environment(container, name)
        resources(container, name)
        probes(container, name, isInit: isInit && container["restartPolicy"] != "Always")
        let context = container["securityContext"]
        for key in ["runAsUser", "runAsGroup"] {
            if let id = context?[key]?.int, id < 0 || id > Int64(Int32.max) { add(name, .number) }
        }
        if context?["allowPrivilegeEscalation"] == false {
            let added = context?["capabilities"]?["add"]?.array ?? []
            if context?["privileged"] == true || added.contains("CAP_SYS_ADMIN") { add(name, .privileges) }
        }
    }

    private mutating func mounts(_ container: Value, _ name: String) {
        var paths: Set<String> = []
        for mount in container["volumeMounts"]?.array ?? [] {
            if !volumes.contains(mount["name"]?.string ?? "") { add(name, .volume) }
            let path = mount["mountPath"]?.string ?? ""
            if path.isEmpty || !paths.insert(path).inserted { add(name, .mount) }
        }
    }

    private mutating func ports(_ container: Value, _ name: String, isHost: Bool) {
        var names: Set<String> = []
        for port in container["ports"]?.array ?? [] {
            let number = port["containerPort"]?.int ?? 0
            if number < 1 || number > 65535 { add(name, .port) }
            let transport = port["protocol"]?.string ?? "TCP"
            if let host = port["hostPort"]?.int ?? (isHost ? number : nil), host != 0 {
                let key = "\(host) \(transport) \(port["hostIP"]?.string ?? "")"
                if !hostPorts.insert(key).inserted { add(name, .port) }
            }
            guard let portName = port["name"]?.string, !portName.isEmpty else { continue }
            if !Self.isPortName(portName) { add(name, .name) }
            if !names.insert(portName).inserted { add(name, .duplicate) }
        }
    }

    private static func isPortName(_ name: String) -> Bool {
        matches(name, lower, most: 15) && !name.contains("--")
            && name.contains(where: \.isLetter)
    }

    private mutating func environment(_ container: Value, _ name: String) {
        for variable in container["env"]?.array ?? [] {
            let key = variable["name"]?.string ?? ""
            if key.isEmpty { add(name, .required) }
            if key.contains("=") { add(name, .name) }
            guard let source = variable["valueFrom"]?.object else { continue }
            if !(variable["value"]?.string ?? "").isEmpty { add(name, .value) }
            if source.members.count(where: { !$0.value.isNull }) != 1 { add(name, .sources) }
        }
    }

    private mutating func resources(_ container: Value, _ name: String) {
        for resource in ["cpu", "memory"] {
            let texts = ["requests", "limits"].map { container["resources"]?[$0]?[resource] }
            for text in texts where text != nil && (Self.amount(text) ?? -1) < 0 { add(name, .quantity) }
            if let low = Self.amount(texts[0]), let high = Self.amount(texts[1]), low > high {
                add(name, .exceeds)
            }
        }
    }

    /// The amount of a quantity; nil if the value is not one.
    private static func amount(_ value: Value?) -> Double? {
        guard let text = value?.string else { return value?.int.map(Double.init) }
        let number = text.prefix { $0.isNumber || "+-.".contains($0) }
        guard let amount = Double(number) else { return nil }
        let factors: [Substring: Double] = [
            "": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024, "Mi": 1_048_576,
            "Gi": 1_073_741_824, "Ti": 1_099_511_627_776,
        ]
        if let factor = factors[text.dropFirst(number.count)] { return amount * factor }
        return Double(text)
    }

    private mutating func probes(_ container: Value, _ name: String, isInit: Bool) {
        for key in ["readinessProbe", "livenessProbe", "startupProbe"] {
            guard let probe = container[key]?.object else { continue }
            if isInit { add(name, .forbidden) }
            handler(probe, ["exec", "httpGet", "tcpSocket", "grpc"], name)
            if key != "readinessProbe", let most = probe["successThreshold"]?.int, most > 1 {
                add(name, .number)
            }
        }
        let hooks = container["lifecycle"]?.object?.members ?? []
        if isInit, !hooks.isEmpty { add(name, .forbidden) }
        for hook in hooks {
            guard let object = hook.value.object else { continue }
            handler(object, ["exec", "httpGet", "tcpSocket", "sleep"], name)
        }
    }

    private mutating func handler(_ object: Object, _ kinds: [String], _ name: String) {
        let handlers = kinds.filter { object[$0]?.isNull == false }
        if handlers.count != 1 { add(name, .handlers) }
        for kind in handlers where ["httpGet", "tcpSocket", "grpc"].contains(kind) {
            switch object[kind]?["port"] {
            case .int(let port)? where (1...65535).contains(port): break
            case .string(let port)? where Self.isPortName(port): break
            default: add(name, .port)
            }
        }
    }
}
