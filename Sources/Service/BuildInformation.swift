public import Values

/// The version of this program, for `pillion version`, `GET /version` and the metrics.
public enum BuildInformation {
    public static let version = "0.1.0"
    /// The release of Istio whose results the `templates:` form reproduces; the `template:` form reproduces those of
    /// 1.6.
    public static let istioCompatibility = "1.32"

    public static let value: Value = [
        "version": .string(version),
        "istioCompatibility": .string(istioCompatibility),
    ]
}
