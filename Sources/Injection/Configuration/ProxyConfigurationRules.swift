import Values

/// Checks the values of a proxy configuration that have the right type.
enum ProxyConfigurationRules {
    static func problems(_ config: Object) -> [SchemaError] {
        var found: [SchemaError] = []
        for name in ["configPath", "binaryPath", "serviceCluster"] where config[name] == "" {
            found.append(failure(name, "", "a string that is not empty"))
        }
        for name in ["proxyAdminPort", "statusPort"] {
            guard let port = config[name]?.int, !(1...65535).contains(port) else { continue }
            found.append(failure(name, "\(port)", "a port, 1 to 65535"))
        }
        if let concurrency = config["concurrency"]?.int, concurrency < 0 {
            found.append(failure("concurrency", "\(concurrency)", "a number that is not negative"))
        }
        for name in ["drainDuration", "parentShutdownDuration"] {
            guard let text = config[name]?.string, let duration = ProtoDuration(text),
                duration.seconds <= 0 || duration.nanoseconds != 0
            else { continue }
            found.append(failure(name, text, "whole seconds, at least 1s"))
        }
        for name in ["discoveryAddress", "zipkinAddress", "statsdUdpAddress", "envoyMetricsServiceAddress"] {
            guard let address = config[name]?.string, !address.isEmpty || name == "discoveryAddress",
                !isAddress(address)
            else { continue }
            found.append(failure(name, address, "an address with a port: host:15012"))
        }
        for name in ["envoyAccessLogService", "envoyMetricsService"] {
            guard let address = config[name]?["address"]?.string, !address.isEmpty, !isAddress(address)
            else { continue }
            found.append(failure(name + "/address", address, "an address with a port: host:15012"))
        }
        return found
    }

    /// `host:port`
    private static func isAddress(_ address: String) -> Bool {
        guard let colon = address.utf8.lastIndex(of: UInt8(ascii: ":")), colon > address.startIndex,
            let port = UInt16(address[address.utf8.index(after: colon)...])
        else { return false }
        return port > 0
    }

    private static func failure(_ name: String, _ found: String, _ expected: String) -> SchemaError {
        SchemaError(
            pointer: "/" + name, found: found, expected: expected,
            message: "\(name): found \(found.isEmpty ? "nothing" : found), expected \(expected)")
    }
}
