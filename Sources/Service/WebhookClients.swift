public import Values

/// The settings of a webhook configuration with which an API server connects to this server.
public struct WebhookClient: Sendable, Equatable {
    /// The webhook's name.
    public var webhook: String
    /// The name that the certificate must have; nil if the configuration names neither a service nor a URL.
    public var serverName: String?
    /// The decoded `caBundle`; nil for the API server's own CAs.
    public var authorities: [UInt8]?
    /// Whether it calls a Service. No public CA issues certificates for the names of Services.
    public var isService = false

    /// The largest depth of lists within lists that is read.
    private static let listDepth = 4

    /// The webhooks of a MutatingWebhookConfiguration or a ValidatingWebhookConfiguration, or of those in a List.
    ///
    /// - Throws: if the value is neither of these, or a List without any.
    public static func all(of configuration: Value, name: String) throws(ServiceError) -> [WebhookClient] {
        try all(of: configuration, name: name, depth: 0)
    }

    private static func all(
        of configuration: Value, name: String, depth: Int
    ) throws(ServiceError) -> [WebhookClient] {
        if configuration["kind"]?.string?.ends(with: "List") == true,
            let items = configuration["items"]?.array, depth < listDepth
        {
            var clients: [WebhookClient] = []
            for item in items {
                let kind = item["kind"]?.string ?? ""
                guard kind.ends(with: "WebhookConfiguration") || kind.ends(with: "List") else { continue }
                clients += try all(of: item, name: name, depth: depth + 1)
            }
            guard !clients.isEmpty || depth > 0 else {
                throw ServiceError(message: "\(name): the List holds no webhook configuration, expected one")
            }
            return clients
        }
        guard let kind = configuration["kind"]?.string, kind.ends(with: "WebhookConfiguration"),
            let webhooks = configuration["webhooks"]?.array
        else {
            throw ServiceError(
                message:
                    "\(name): is not a webhook configuration, expected kind MutatingWebhookConfiguration with webhooks"
            )
        }
        var clients: [WebhookClient] = []
        for (index, webhook) in webhooks.enumerated() {
            let label = webhook["name"]?.string ?? "webhooks[\(index)]"
            let client = webhook["clientConfig"]
            var authorities: [UInt8]?
            if let text = client?["caBundle"]?.string, !text.isEmpty {
                guard let bytes = Base64.decode(text.filter { !$0.isWhitespace }) else {
                    throw ServiceError(message: "\(name): \(label): clientConfig.caBundle is not base64")
                }
                authorities = bytes
            }
            clients.append(
                WebhookClient(
                    webhook: label, serverName: serverName(client), authorities: authorities,
                    isService: client?["service"]?.object != nil))
        }
        return clients
    }

    private static func serverName(_ client: Value?) -> String? {
        if let service = client?["service"], let name = service["name"]?.string,
            let namespace = service["namespace"]?.string
        {
            return "\(name).\(namespace).svc"
        }
        guard let url = client?["url"]?.string, url.begins(with: "https://") else { return nil }
        return String(url.dropFirst("https://".count).prefix { $0 != "/" && $0 != ":" })
    }
}
