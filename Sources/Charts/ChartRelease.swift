/// The release that a chart is rendered for, and the requested parts of the output.
public struct ChartRelease: Sendable {
    public var name = "release-name"
    public var namespace = "default"
    public var isUpgrade = false
    public var capabilities = Capabilities()
    /// Whether custom resource definitions are printed, before everything else.
    public var includesDefinitions = false
    public var includesHooks = true
    public var includesTests = true
    /// Whether the notes of subcharts are included.
    public var includesSubchartNotes = false
    /// Whether values are not checked against the charts' schemas.
    public var skipsSchema = false
    /// Whether reading a missing key of a map is an error.
    public var isStrict = false
    /// Whether templates may call functions of the clock, of random numbers and of certificates.
    public var allowsImpureFunctions = false

    public init() {}

    /// Checks the name of a release: a DNS name of at most 53 bytes.
    public static func checkName(_ name: String) throws(ChartError) {
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isName =
            !name.isEmpty && name.utf8.count <= 53
            && labels.allSatisfy { label in
                guard let first = label.first, let last = label.last else { return false }
                return isWord(first) && isWord(last)
                    && label.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") }
            }
        guard isName else {
            throw ChartError(
                .values,
                "release name check failed: release name \"\(name)\": invalid release name, expected at most 53 "
                    + "lower-case letters, digits, dashes and dots that begin and end with a letter or digit")
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
}
