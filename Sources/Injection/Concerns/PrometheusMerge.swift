import PluginAPI
import Values

/// Lets Prometheus scrape the proxy, which scrapes the application and returns the metrics of both.
///
/// The pod's annotations about scraping are passed to the proxy in an environment variable, and then replaced by the
/// proxy's own endpoint.
struct PrometheusMerge {
    static let path = "/stats/prometheus"
    /// Ports on which the proxy itself listens. A target cannot use them.
    private static let reservedPorts: Set<Int64> = [
        15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090,
    ]
    /// The mesh's status port.
    let statusPort: Int64

    /// Whether to merge metrics: the pod's annotation if it is a boolean, else the mesh's setting, else true.
    static func isWanted(pod: Pod, mesh: Value) -> Bool {
        if let stated = pod.annotation(MetadataKey.mergeMetrics).flatMap(GoBool.parse) { return stated }
        return mesh["enablePrometheusMerge"]?.bool ?? true
    }

    // MARK: Classic form

    /// The proxy's variable; nil if the pod has no annotation about scraping.
    func classicSetting(of pod: Pod) -> Value? {
        let keys = [MetadataKey.scrape, MetadataKey.scrapePath, MetadataKey.scrapePort]
        let texts = keys.map { pod.annotation($0) ?? "" }
        guard texts.contains(where: { !$0.isEmpty }) else { return nil }
        return ["scrape": .string(texts[0]), "path": .string(texts[1]), "port": .string(texts[2])]
    }

    /// Whether the annotations are those of an earlier injection.
    func isMerged(_ pod: Pod) -> Bool {
        pod.annotation(MetadataKey.scrapePort) == String(statusPort)
            && pod.annotation(MetadataKey.scrapePath) == Self.path
            && pod.annotation(MetadataKey.scrape) == "true"
    }

    func setAnnotations(_ pod: inout Pod) {
        pod.setAnnotation(MetadataKey.scrapePort, String(statusPort))
        pod.setAnnotation(MetadataKey.scrapePath, Self.path)
        pod.setAnnotation(MetadataKey.scrape, "true")
    }

    /// Restores the annotations that an earlier injection replaced, from the proxy's variable.
    func restoreAnnotations(_ pod: inout Pod, from setting: String?) {
        let limits = JSONLimits(depth: 8, bytes: 64 << 10)
        let before = setting.flatMap { try? JSON.read($0, limits: limits) }
        let targets = before?["targets"]?.array ?? []
        for (key, member) in [
            (MetadataKey.scrape, "scrape"), (MetadataKey.scrapePath, "path"),
            (MetadataKey.scrapePort, "port"),
        ] {
            // With targets, path and port are those of the first one.
            if let text = before?[member]?.string, !text.isEmpty, targets.isEmpty || member == "scrape" {
                pod.setAnnotation(key, text)
            } else {
                pod.removeAnnotation(key)
            }
        }
        guard !targets.isEmpty else { return }
        let texts = targets.map { target in
            let (port, path) = (target["port"]?.string ?? "", target["path"]?.string ?? "")
            return path == "/metrics" ? port : port + ":" + path
        }
        pod.setAnnotation(MetadataKey.scrapeTargets, texts.joined(separator: ","))
    }

    // MARK: Modern form

    /// Merges the settings into the finished pod.
    ///
    /// - Returns: whether an entry of the targets has no port and is ignored.
    /// - Throws: if a target or port is not valid or is used by the proxy.
    func apply(to pod: inout Pod) throws(InjectionError) -> Bool {
        guard Self.isScrapable(pod) else { return false }
        if Self.find("prometheus_io_port", in: pod) == String(statusPort) { return false }
        let (targets, ignoresEntry) = try checkedTargets(of: pod)
        let scrape = Self.find("prometheus_io_scrape", in: pod) ?? ""
        var path = Self.find("prometheus_io_path", in: pod) ?? ""
        var port = Self.find("prometheus_io_port", in: pod) ?? ""
        if let first = targets.first {
            port = first["port"]?.string ?? ""
            path = first["path"]?.string ?? ""
        }
        if !scrape.isEmpty || !path.isEmpty || !port.isEmpty {
            var setting = Object([
                Member("scrape", .string(scrape)), Member("path", .string(path)),
                Member("port", .string(port)),
            ])
            if !targets.isEmpty { setting["targets"] = .array(targets) }
            let text = GoText.json(.object(setting))
            pod.modifyProxy { Environment.append(ProxyVariable.prometheus, text, to: &$0) }
        }
        Self.clear(&pod)
        setAnnotations(&pod)
        return ignoresEntry
    }

    /// Sets the annotation with the port on which the proxy serves all metrics over TLS, merged or not.
    static func setSecurePort(_ pod: inout Pod) {
        if pod.annotation(MetadataKey.securePort) == nil,
            let port = Environment.value(of: ProxyVariable.securePort, in: pod.proxy), !port.isEmpty,
            port != "0"
        {
            pod.setAnnotation(MetadataKey.securePort, port)
        }
    }

    private static func isScrapable(_ pod: Pod) -> Bool {
        for member in pod.annotations.members where isKey(member.key, "prometheus_io_scrape") {
            if let stated = GoBool.parse(member.value.string ?? "") { return stated }
        }
        return true
    }

    private static func find(_ sanitisedKey: StaticString, in pod: Pod) -> String? {
        let members = pod.annotations.members
        return members.firstIndex { isKey($0.key, sanitisedKey) }.map { members[$0].value.string ?? "" }
    }

    private static let clearedKeys: [StaticString] = [
        "prometheus_io_scrape", "prometheus_io_path", "prometheus_io_port",
        "prometheus_istio_io_scrape_targets",
    ]

    /// Whether the merge removes the annotation.
    static func isSetting(_ key: String) -> Bool { clearedKeys.contains { isKey(key, $0) } }

    /// Whether annotations name the proxy's own endpoint.
    static func hasProxyPath(_ annotations: Object) -> Bool {
        annotations[MetadataKey.scrapePath]?.string == path
    }

    private static func clear(_ pod: inout Pod) {
        let cleared = pod.annotations.members.filter { member in
            clearedKeys.contains { isKey(member.key, $0) }
        }
        for member in cleared { pod.removeAnnotation(member.key) }
    }

    /// Whether a key is equal to this one after Prometheus' sanitizing for label names, which replaces every character
    /// except ASCII letters, digits and `_` by `_`.
    private static func isKey(_ key: String, _ sanitised: StaticString) -> Bool {
        key.withBytes { bytes in
            // The first letter rules out nearly every key.
            guard bytes.count >= sanitised.utf8CodeUnitCount, bytes[0] == sanitised.utf8Start[0] else {
                return false
            }
            var place = 0
            // Continuation bytes belong to a character that was counted.
            for byte in bytes where byte & 0xc0 != 0x80 {
                guard place < sanitised.utf8CodeUnitCount else { return false }
                let isKept =
                    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                    || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                guard sanitised.utf8Start[place] == (isKept ? byte : UInt8(ascii: "_")) else { return false }
                place += 1
            }
            return place == sanitised.utf8CodeUnitCount
        }
    }

    /// The endpoints that the proxy scrapes besides itself: the targets, or the port of the annotations if there are
    /// none.
    ///
    /// - Returns: the targets, and whether an entry without a port was ignored.
    func checkedTargets(of pod: Pod) throws(InjectionError) -> (targets: [Value], ignoresEntry: Bool) {
        var targets: [Value] = []
        var ignoresEntry = false
        // The size of a pod limits their number: at most one more than the annotation has commas.
        let text = Self.find("prometheus_istio_io_scrape_targets", in: pod) ?? ""
        for entry in text.split(byte: ",") where !GoText.trimSpace(entry).isEmpty {
            let sides = entry.split(byte: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let port = GoText.trimSpace(sides[0])
            let path = sides.count == 2 ? GoText.trimSpace(sides[1]) : ""
            if port.isEmpty {
                ignoresEntry = true
                continue
            }
            if let problem = problem(withPort: port) {
                throw Self.error(text, MetadataKey.scrapeTargets, problem)
            }
            targets.append([
                "port": .string(String(port)), "path": .string(path.isEmpty ? "/metrics" : String(path)),
            ])
        }
        if targets.isEmpty, let port = Self.find("prometheus_io_port", in: pod), !port.isEmpty,
            let problem = problem(withPort: port[...])
        {
            throw Self.error(port, MetadataKey.scrapePort, problem)
        }
        return (targets, ignoresEntry)
    }

    private func problem(withPort text: Substring) -> String? {
        guard let port = Int64(text), (1...65535).contains(port) else {
            return "\"\(text)\" is not a valid port: expected a number from 1 to 65535"
        }
        if port == statusPort { return "port \(port) is the proxy's status port" }
        if Self.reservedPorts.contains(port) { return "port \(port) is reserved for the proxy" }
        return nil
    }

    private static func error(_ value: String, _ annotation: String, _ why: String) -> InjectionError {
        InjectionError(
            .decide, .annotationInvalid,
            IstioText.processingFailed + IstioText.invalidValue(value, of: annotation, why: why))
    }
}
