import Values

/// The proxy's user and group in an OpenShift namespace, each of which has its own range of ids.
struct OpenShiftIdentity: Sendable, Equatable {
    var user = FSGroup.proxyGroup
    var group = FSGroup.proxyGroup

    /// The ids on any other platform.
    init() {}

    /// - Parameter namespaceAnnotations: the annotations of the namespace. The ids are the largest of the first ranges.
    ///   The group falls back to the users' range, and both to the ids of other platforms.
    init(namespaceAnnotations: Object) {
        let users = namespaceAnnotations[MetadataKey.userRange]?.string
        let groups = namespaceAnnotations[MetadataKey.groupRange]?.string ?? users
        // One range that cannot be parsed invalidates all of them.
        let ranges = groups?.split(byte: ",", omittingEmptySubsequences: false).map {
            Self.lastID(String($0))
        }
        if let id = users.flatMap(Self.lastID) { user = id }
        if ranges?.contains(nil) == false, let id = ranges?.first ?? nil { group = id }
    }

    /// The last id of `first/count` or `first-last`, 32 bits wide. Text after it is ignored.
    private static func lastID(_ block: String) -> Int64? {
        let separator: Unicode.Scalar = block.contains(byte: "/") ? "/" : "-"
        let sides = block.split(byte: separator, maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, let first = UInt32(sides[0]),
            let second = UInt32(sides[1].prefix { $0.isASCII && $0.isNumber })
        else { return nil }
        return Int64(separator == "/" ? first &+ second &- 1 : second)
    }
}

extension Snapshot {
    /// Whether the platform is OpenShift, from the environment, or from `values.global.platform` of current charts.
    static func isOpenShift(_ options: InjectionOptions, _ values: Value) -> Bool {
        let stated = options.environment["PLATFORM"] ?? ""
        let platform = stated.isEmpty ? values["global"]?["platform"]?.string ?? "" : stated
        return platform.lowercased() == "openshift"
    }

    /// The proxy's user and group in a namespace.
    func proxyIdentity(in namespace: String) -> OpenShiftIdentity {
        guard isOpenShift, let annotations = options.namespaceAnnotations[namespace] else {
            return OpenShiftIdentity()
        }
        return OpenShiftIdentity(namespaceAnnotations: annotations)
    }
}
