import Values

extension SidecarTemplateData {
    private static let userRange = "openshift.io/sa.scc.uid-range"
    private static let groupRange = "openshift.io/sa.scc.supplemental-groups"

    /// The user and group that OpenShift sets aside for the proxy in a namespace with these annotations: the largest
    /// ids of the first ranges, groups falling back to the users' range; 1337 where they do not say.
    static func openShiftIdentity(namespaceAnnotations: Object) -> (user: Int64, group: Int64) {
        let users = namespaceAnnotations[userRange]?.string
        let groups = namespaceAnnotations[groupRange]?.string ?? users
        // One range that cannot be read makes all of them worthless.
        let ranges = groups?.split(separator: ",", omittingEmptySubsequences: false).map {
            lastID(String($0))
        }
        let group = ranges?.contains(nil) == false ? ranges?.first ?? nil : nil
        return (users.flatMap(lastID) ?? FSGroup.proxyGroup, group ?? FSGroup.proxyGroup)
    }

    /// The last number of `first/count` or `first-last`, 32 bits wide; what stands behind it is not looked at.
    private static func lastID(_ block: String) -> Int64? {
        let separator: Character = block.contains("/") ? "/" : "-"
        let sides = block.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, let first = UInt32(sides[0]),
            let second = UInt32(sides[1].prefix { $0.isASCII && $0.isNumber })
        else { return nil }
        return Int64(separator == "/" ? first &+ second &- 1 : second)
    }
}
