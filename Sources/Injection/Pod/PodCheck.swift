import Values

/// What an API server would refuse in an injected pod although its types fit: names, duplicates, mounts without a
/// volume, lists that lack something. The rules are those of k8s.io/kubernetes/pkg/apis/core/validation; what the pod
/// had before the injection is the user's own affair.
enum PodCheck {
    struct Finding: Sendable, Equatable {
        /// `name_invalid`, `name_duplicate`, `volume_missing`, `required_missing`, `too_long`
        var code: String
        var message: String
    }

    /// Bytes of all names and values of annotations together.
    static let annotationBytes = 256 << 10

    static func findings(_ pod: Pod, before: Pod) -> [Finding] {
        let known = Set(problems(before).map(\.message))
        return problems(pod).filter { !known.contains($0.message) }
    }

    private static func problems(_ pod: Pod) -> [Finding] {
        var check = Checker()
        check.volumes(pod.spec["volumes"]?.array ?? [])
        for list in ["initContainers", "containers"] {
            check.containers(pod.spec[list]?.array ?? [], list)
        }
        check.metadata(pod.metadata)
        return check.found
    }

    private struct Checker {
        var found: [Finding] = []
        private var volumeNames: Set<String> = []
        private var containerNames: Set<String> = []

        private mutating func add(_ code: String, _ message: String) {
            found.append(Finding(code: code, message: message))
        }

        mutating func volumes(_ volumes: [Value]) {
            for (index, volume) in volumes.enumerated() {
                let place = "spec.volumes[\(index)].name"
                guard let name = name(of: volume, place) else { continue }
                if !volumeNames.insert(name).inserted {
                    add("name_duplicate", "\(place): two volumes are named \"\(name)\"")
                }
            }
        }

        mutating func containers(_ containers: [Value], _ list: String) {
            for (index, container) in containers.enumerated() {
                let place = "spec.\(list)[\(index)]"
                if let name = name(of: container, place + ".name") {
                    if !containerNames.insert(name).inserted {
                        add("name_duplicate", "\(place).name: two containers are named \"\(name)\"")
                    }
                }
                if container["image"]?.string?.isEmpty ?? true {
                    add("required_missing", "\(place).image: the container has no image")
                }
                mounts(container, place)
                ports(container, place)
            }
        }

        /// A label of DNS (RFC 1123), which names of containers and volumes are.
        private mutating func name(of item: Value, _ place: String) -> String? {
            guard let name = item["name"]?.string, !name.isEmpty else {
                add("required_missing", "\(place): there is no name")
                return nil
            }
            if !Self.isLabel(name) {
                add(
                    "name_invalid",
                    "\(place): \"\(name.prefix(80))\" is no name: want at most 63 lower-case letters, digits and '-', "
                        + "beginning and ending with a letter or digit")
            }
            return name
        }

        private static func isLabel(_ name: String) -> Bool {
            let bytes = Array(name.utf8)
            let isInner = { (byte: UInt8) in byte == UInt8(ascii: "-") || isAlphanumeric(byte) }
            return bytes.count <= 63 && bytes.allSatisfy(isInner) && isAlphanumeric(bytes[0])
                && isAlphanumeric(bytes[bytes.count - 1])
        }

        private static func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }

        private mutating func mounts(_ container: Value, _ place: String) {
            var paths: Set<String> = []
            for (index, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
                let spot = "\(place).volumeMounts[\(index)]"
                let name = mount["name"]?.string ?? ""
                if !volumeNames.contains(name) {
                    add("volume_missing", "\(spot).name: there is no volume named \"\(name)\"")
                }
                guard let path = mount["mountPath"]?.string, !path.isEmpty else {
                    add("required_missing", "\(spot).mountPath: there is no path")
                    continue
                }
                if !paths.insert(path).inserted {
                    add("name_duplicate", "\(spot).mountPath: two volumes are mounted at \"\(path)\"")
                }
            }
        }

        private mutating func ports(_ container: Value, _ place: String) {
            var names: Set<String> = []
            for (index, port) in (container["ports"]?.array ?? []).enumerated() {
                let spot = "\(place).ports[\(index)]"
                let number = port["containerPort"]?.int
                if number == nil || !(1...65_535).contains(number ?? 0) {
                    let shown = number.map { String($0) } ?? "none"
                    add(
                        "port_invalid", "\(spot).containerPort: the port is \(shown): want 1 to 65535")
                }
                guard let name = port["name"]?.string, !name.isEmpty else { continue }
                if !Self.isPortName(name) {
                    add(
                        "name_invalid",
                        "\(spot).name: \"\(name.prefix(80))\" names no port: want at most 15 lower-case letters, "
                            + "digits and single '-' within, a letter among them")
                }
                if !names.insert(name).inserted {
                    add("name_duplicate", "\(spot).name: two ports are named \"\(name)\"")
                }
            }
        }

        /// RFC 6335, 5.1.
        private static func isPortName(_ name: String) -> Bool {
            let bytes = Array(name.utf8)
            return bytes.count <= 15 && isLabel(name)
                && !zip(bytes, bytes.dropFirst()).contains { $0 == 0x2d && $1 == 0x2d }
                && bytes.contains { $0 >= UInt8(ascii: "a") }
        }

        mutating func metadata(_ metadata: Object) {
            let annotations = metadata["annotations"]?.object?.members ?? []
            let bytes = annotations.reduce(0) { $0 + $1.key.utf8.count + ($1.value.string?.utf8.count ?? 0) }
            if bytes > annotationBytes {
                add(
                    "too_long",
                    "metadata.annotations: they have \(bytes) bytes together, want \(annotationBytes) at most"
                )
            }
            for label in metadata["labels"]?.object?.members ?? [] {
                let value = label.value.string ?? ""
                if value.utf8.count > 63 {
                    add(
                        "too_long",
                        "metadata.labels: the value of \"\(label.key)\" has \(value.utf8.count) bytes, want 63 at most"
                    )
                }
            }
        }
    }
}
