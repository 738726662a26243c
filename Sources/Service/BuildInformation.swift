public import Values

/// What this program is: for `pillion version`, `GET /version` and the metrics.
public enum BuildInformation {
    public static let version = "0.1.0"
    /// The release of Istio whose answers the `templates:` form gives; the `template:` form gives 1.6's.
    public static let istioCompatibility = "1.32"

    public static let value: Value = [
        "version": .string(version),
        "istioCompatibility": .string(istioCompatibility),
    ]
}
