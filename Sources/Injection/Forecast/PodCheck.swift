import Values

/// Checks for problems that an API server would refuse in an injected pod although its types are valid. The rules are
/// those of k8s.io/kubernetes/pkg/apis/core/validation. Problems that the pod had before its injection are not
/// reported.
///
/// Input: the pod before and after. Output: findings, each with the part that it is about.
///
/// Of a container that the injection did not change, only the name and the host ports are checked. If a similar pod is
/// known to be good, only the differences are checked.
enum PodCheck {
    struct Finding: Sendable, Equatable {
        /// `name_invalid`, `name_duplicate`, `volume_missing`, `required_missing` …
        var code: String
        /// The path to the part, with items of lists by their key.
        var path: [PodSurvival.Loss.Step]
        /// The part and its problem: `container "web": there is no image`.
        var message: String
    }

    /// The maximum length of the names and values of all annotations together.
    static let annotationBytes = 256 << 10

    /// - Parameter good: a pod that has no problems.
    static func findings(_ pod: Pod, before: Pod, like good: Pod? = nil) -> [Finding] {
        news(
            in: problems(CheckedParts(pod), unchangedSince: before, like: good.map { CheckedParts($0) }),
            before)
    }

    /// The findings for a pod, which is compared with a good one of its workload, or else of any. A pod without problems
    /// is cached for that.
    static func findings(
        _ pod: Pod, before: Pod, _ subject: InjectionSubject, _ memory: ReviewMemory
    ) -> [Finding] {
        let parts = CheckedParts(pod)
        let own = subject.known?.goodPod
        let good = own?.parts ?? memory.goodPod?.parts
        let found = problems(parts, unchangedSince: before, like: good)
        if found.isEmpty {
            let rendered = subject.rendered.reduce(0) { $0 + $1.bytes.count }
            own?.keep(parts, rendered: rendered)
            if good == nil { memory.goodPod?.keep(parts, rendered: rendered) }
        }
        return news(in: found, before)
    }

    private static func news(in found: [Finding], _ before: Pod) -> [Finding] {
        guard !found.isEmpty else { return [] }
        let known = Set(problems(CheckedParts(before), unchangedSince: nil).map(\.message))
        var messages: Set<String> = []
        return found.filter { !known.contains($0.message) && messages.insert($0.message).inserted }
    }

    private static func problems(
        _ pod: CheckedParts, unchangedSince before: Pod?, like good: CheckedParts? = nil
    ) -> [Finding] {
        var check = PodChecker(pod, like: good)
        check.metadata(before: before?.metadata)
        check.checkVolumes()
        check.containers(
            pod.initContainers, "initContainers", unchanged: before?.initContainers ?? [],
            like: check.good?.initContainers ?? [])
        check.containers(
            pod.containers, "containers", unchanged: before?.containers ?? [],
            like: check.good?.containers ?? [])
        check.spec()
        return check.found
    }
}

/// A checker of one pod. The methods for containers are in `PodCheckContainers.swift`.
struct PodChecker {
    typealias Step = PodSurvival.Loss.Step

    var found: [PodCheck.Finding] = []
    private let pod: CheckedParts
    /// A good pod to compare with: parts that are identical in both are good.
    let good: CheckedParts?
    /// Whether the volumes are identical to those of the good pod.
    let hasGoodVolumes: Bool
    /// The names of the volumes, computed when a mount needs them.
    private(set) lazy var volumeNames = Self.names(of: pod.volumes)
    private var containerNames = SeenNames(expecting: 4)
    private var hostPorts = SeenNames()

    var isWindows: Bool { pod.isWindows }
    var usesHostNetwork: Bool { pod.usesHostNetwork }

    init(_ pod: CheckedParts, like good: CheckedParts?) {
        self.pod = pod
        guard let good, good.isWindows == pod.isWindows, good.usesHostNetwork == pod.usesHostNetwork else {
            self.good = nil
            hasGoodVolumes = false
            return
        }
        self.good = good
        hasGoodVolumes = good.volumes.hasSameBits(as: pod.volumes)
    }

    private static func names(of volumes: [Value]) -> SeenNames {
        var names = SeenNames(expecting: volumes.count)
        for volume in volumes { _ = names.insert(volume.name) }
        return names
    }

    mutating func add(_ code: String, _ path: [Step], _ message: String) {
        found.append(PodCheck.Finding(code: code, path: path, message: message))
    }

    // MARK: Metadata

    mutating func metadata(before: Object?) {
        if !pod.annotations.isEmpty {
            let bytes = pod.annotations.members.withBorrowedItems { members in
                var bytes = 0
                for index in 0..<members.count {
                    bytes += members[index].content.key.utf8.count
                    if case .string(let text) = members[index].content.value { bytes += text.utf8.count }
                }
                return bytes
            }
            if bytes > PodCheck.annotationBytes {
                add(
                    "too_long", [.member("metadata"), .member("annotations")],
                    "annotations: \(bytes) bytes together, expected at most \(PodCheck.annotationBytes)")
            }
            members(
                pod.annotations, "annotations", known: before?["annotations"]?.object ?? Object(),
                like: good?.annotations)
        }
        let known = before?["labels"]?.object ?? Object()
        guard !known.members.isSameStorage(as: pod.labels.members) else { return }
        members(pod.labels, "labels", known: known, like: good?.labels)
    }

    /// Checks the keys, and the values of labels.
    private mutating func members(_ object: Object, _ part: String, known: Object, like good: Object?) {
        let areLabels = part == "labels"
        // An injection keeps the order of existing members, so the next known key is usually this one.
        var next = 0
        object.members.withBorrowedItems { members in
            known.members.withBorrowedItems { before in
                (good?.members ?? []).withBorrowedItems { good in
                    for index in 0..<members.count {
                        var isGood =
                            next < before.count
                            && before[next].content.key.hasSameBytes(as: members[index].content.key)
                        if isGood { next += 1 }
                        if index < good.count {
                            if members.hasSameBits(as: good, at: index) { continue }
                            isGood =
                                isGood
                                || good[index].content.key.hasSameBytes(as: members[index].content.key)
                        }
                        if !isGood { next = name(members[index].content.key, part, known: known) ?? next }
                        if areLabels, case .string(let value) = members[index].content.value {
                            label(members[index].content.key, value)
                        }
                    }
                }
            }
        }
    }

    /// Checks the key of a label or annotation.
    ///
    /// - Returns: the index after the key in `known`, if the key is not valid but was there before.
    private mutating func name(_ key: String, _ part: String, known: Object) -> Int? {
        guard !Names.isQualified(key) else { return nil }
        if let index = known.index(of: key) { return index + 1 }
        add(
            "name_invalid", [.member("metadata"), .member(part), .member(key)],
            "\(part): \"\(key.prefix(60))\" is not a valid key")
        return nil
    }

    private mutating func label(_ key: String, _ value: String) {
        guard !Names.isLabelValue(value) else { return }
        let path: [Step] = [.member("metadata"), .member("labels"), .member(key)]
        if value.utf8.count > Names.labelBytes {
            add(
                "too_long", path,
                "label \(key): the value has \(value.utf8.count) bytes, expected at most \(Names.labelBytes)")
        } else {
            add("label_invalid", path, "label \(key): \"\(value)\" is not a valid label value")
        }
    }

    // MARK: Spec

    mutating func checkVolumes() {
        if hasGoodVolumes { return }
        var names = SeenNames(expecting: pod.volumes.count)
        for volume in pod.volumes {
            let name = volume.name
            guard isName(name, "volume", "volumes") else { continue }
            if !names.insert(name) {
                add(
                    "name_duplicate", [.member("spec"), .member("volumes"), .item(name)],
                    "volume \"\(name)\": two volumes have this name")
            }
            // A name and one source.
            guard case .object(let object) = volume, object.count > 2 else { continue }
            let sources = object.members.filter { $0.key != "name" && !$0.value.isNull }
            if sources.count > 1 {
                let names = sources.map(\.key).joined(separator: " and ")
                add(
                    "source_duplicate", [.member("spec"), .member("volumes"), .item(name)],
                    "volume \"\(name)\": found \(names), expected one source")
            }
        }
    }

    mutating func spec() {
        if pod.containers.isEmpty {
            add("required_missing", [.member("spec"), .member("containers")], "the pod has no containers")
        }
        if let seconds = pod.terminationSeconds, seconds < 0 {
            add(
                "number_invalid", [.member("spec"), .member("terminationGracePeriodSeconds")],
                "terminationGracePeriodSeconds: found \(seconds), expected 0 or more")
        }
        let servers = pod.resolver?["nameservers"]?.array?.count ?? 0
        if servers > 3 {
            add(
                "too_long", [.member("spec"), .member("dnsConfig"), .member("nameservers")],
                "dnsConfig: found \(servers) nameservers, expected at most 3")
        }
        let searches = pod.resolver?["searches"]?.array?.count ?? 0
        if searches > 32 {
            add(
                "too_long", [.member("spec"), .member("dnsConfig"), .member("searches")],
                "dnsConfig: found \(searches) search domains, expected at most 32")
        }
        if servers == 0, let policy = pod.resolverPolicy, policy == "None" {
            add(
                "required_missing", [.member("spec"), .member("dnsConfig"), .member("nameservers")],
                "dnsConfig: there is no nameserver, which dnsPolicy None needs")
        }
        if let constraints = pod.spreadConstraints {
            unique(constraints, "topologySpreadConstraints", ["topologyKey", "whenUnsatisfiable"])
        }
        guard let context = pod.securityContext else { return }
        if let settings = context["sysctls"] { unique(settings, "sysctls", ["name"]) }
        if isWindows { linuxSettings(context, nil, ["fsGroup", "sysctls", "supplementalGroups"]) }
    }

    private mutating func unique(_ list: Value, _ name: String, _ keys: [String]) {
        guard let items = list.array, items.count > 1 else { return }
        var seen: Set<String> = []
        for item in items {
            let key = keys.map { item[$0]?.string ?? "" }.joined(separator: ", ")
            if !seen.insert(key).inserted {
                add(
                    "name_duplicate", [.member("spec"), .member(name), .item(key)],
                    "\(name): two items are \(key)")
            }
        }
    }

    /// Checks for settings of a security context that are not allowed on Windows.
    mutating func linuxSettings(_ context: Value?, _ container: String?, _ more: [String]) {
        let names =
            ["runAsUser", "runAsGroup", "seLinuxOptions", "seccompProfile", "appArmorProfile"] + more
        for name in names where context?[name].map({ !$0.isNull }) == true {
            let place = container.map { "container \"\($0)\": " } ?? ""
            let path: [Step] =
                container.map { [.member("spec"), .member("containers"), .item($0)] } ?? [.member("spec")]
            add(
                "os_windows", path + [.member("securityContext"), .member(name)],
                "\(place)securityContext.\(name) is not allowed in a Windows pod")
        }
    }

    // MARK: Containers

    mutating func containers(
        _ containers: [Value], _ list: String, unchanged: [Value], like good: [Value]
    ) {
        // The pod's own containers keep their order, so the next known container is usually this one.
        var next = 0
        for (index, container) in containers.enumerated() {
            guard case .object(let members) = container else { continue }
            let place = ContainerPlace(name: members.text("name"), list: list)
            if !place.name.isEmpty, !containerNames.insert(place.name) {
                add("name_duplicate", place.path(), place.sentence("two containers have this name"))
            }
            hostPorts(of: members, place)
            if next < unchanged.count {
                if Self.isSame(unchanged[next], members) {
                    next += 1
                    continue
                }
                if unchanged[next].name.hasSameBytes(as: place.name) { next += 1 }
            }
            let twin = Self.twin(of: place.name, at: index, in: good)
            if twin?.text("name").hasSameBytes(as: place.name) != true {
                _ = isName(place.name, "container", list)
            }
            parts(of: members, place, like: twin)
        }
    }

    /// The maximum number of good containers that are searched for a name. A pod has fewer; searching many for each of
    /// many would take quadratic time.
    private static let searchedTwins = 16

    /// A good container to compare with: at the same index, unless another one has the same name.
    private static func twin(of name: String, at index: Int, in good: [Value]) -> Object? {
        let next = index < good.count ? good[index] : nil
        if next?.name.hasSameBytes(as: name) == true || good.count > searchedTwins { return next?.object }
        return (good.first { $0.name.hasSameBytes(as: name) } ?? next)?.object
    }

    private static func isSame(_ value: Value, _ members: Object) -> Bool {
        guard case .object(let object) = value else { return false }
        return object.members.isSameStorage(as: members.members)
    }

    private mutating func hostPorts(of container: Object, _ place: ContainerPlace) {
        guard case .array(let ports)? = container["ports"] else { return }
        for port in ports {
            guard let number = port["hostPort"]?.int ?? (usesHostNetwork ? port["containerPort"]?.int : nil),
                number != 0
            else { continue }
            let transport = port["protocol"]?.string ?? "TCP"
            let key = "\(number)/\(transport)/\(port["hostIP"]?.string ?? "")"
            if !hostPorts.insert(key) {
                add(
                    "port_duplicate", place.path(.member("ports")),
                    place.sentence("host port \(number)/\(transport) is used twice"))
            }
        }
    }

    /// Checks the name of a container or volume, which must be a DNS label (RFC 1123).
    private mutating func isName(_ name: String, _ kind: String, _ list: String) -> Bool {
        guard !name.isEmpty else {
            add(
                "required_missing", [.member("spec"), .member(list), .item(name)], "a \(kind) has no name")
            return false
        }
        if !Names.isDNSLabel(name) {
            add(
                "name_invalid", [.member("spec"), .member(list), .item(name)],
                "\(kind) \"\(name.prefix(63))\": the name is not valid: expected a-z, 0-9 and '-', at most 63"
            )
        }
        return true
    }
}

/// The syntax of Kubernetes' names.
enum Names {
    static let labelBytes = 63

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    /// Whether the name is a DNS label (RFC 1123).
    static func isDNSLabel(_ name: String) -> Bool {
        name.withBytes { bytes in
            !bytes.isEmpty && bytes.count <= labelBytes && isLower(bytes[0])
                && isLower(bytes[bytes.count - 1])
                && bytes.allSatisfy { isLower($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// Whether the text consists of letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both ends.
    /// An empty text is valid.
    static func isLabelValue(_ text: String) -> Bool {
        text.withBytes { bytes in bytes.isEmpty || isName(bytes[...]) }
    }

    private static func isName(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard let first = bytes.first, let last = bytes.last else { return false }
        return bytes.count <= labelBytes && isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                    || $0 == UInt8(ascii: ".")
            }
    }

    /// Whether the key is a name, or a DNS subdomain, a slash and a name.
    static func isQualified(_ key: String) -> Bool {
        key.withBytes { bytes in
            guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")) else { return isName(bytes[...]) }
            let prefix = bytes[..<slash]
            return !prefix.isEmpty && prefix.count <= 253
                && prefix.allSatisfy {
                    isLower($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
                        || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
                }
                && isName(bytes[(slash + 1)...])
        }
    }

    /// Whether the name is a port name (RFC 6335, 5.1).
    static func isPortName(_ name: String) -> Bool {
        guard isDNSLabel(name) else { return false }
        return name.withBytes { bytes in
            bytes.count <= 15 && bytes.contains { $0 >= UInt8(ascii: "a") }
                && !(1..<bytes.count).contains { bytes[$0] == 0x2d && bytes[$0 - 1] == 0x2d }
        }
    }
}
