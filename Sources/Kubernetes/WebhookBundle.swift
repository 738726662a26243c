public import Values

/// Keeps the `caBundle` of a MutatingWebhookConfiguration's entries up to date.
public struct WebhookBundle: Sendable {
    /// The reason of a failure, as in the metric `webhook_patch_failures_total`.
    public enum Reason: String, Sendable, CaseIterable {
        case wrongRevision = "wrong_revision"
        case bundleUnusable = "load_ca_bundle_failure"
        case configurationNotFound = "webhook_config_not_found"
        case entryNotFound = "webhook_entry_not_found"
        case updateFailed = "webhook_update_failure"
    }

    public struct Problem: Error, Sendable {
        public var reason: Reason
        public var message: String

        public init(_ reason: Reason, _ message: String) {
            self.reason = reason
            self.message = message
        }

        init(_ error: APIError) {
            self.init(error.kind == .notFound ? .configurationNotFound : .updateFailed, error.message)
        }
    }

    public let configuration: String
    /// The entries with that name, or whose name ends in a dot and that name; empty for all entries.
    public let entry: String
    /// Configurations with another revision's label belong to another injector.
    public let revision: String

    public init(configuration: String, entry: String, revision: String) {
        self.configuration = configuration
        self.entry = entry
        self.revision = revision
    }

    /// The Services that the entries call.
    public func services(of object: Value) -> [ObjectReference] {
        entries(of: object).compactMap { entry in
            guard let service = entry["clientConfig"]?["service"], let name = service["name"]?.string,
                let namespace = service["namespace"]?.string, ObjectReference.isName(name),
                ObjectReference.isName(namespace)
            else { return nil }
            return ObjectReference(namespace: namespace, name: name)
        }
    }

    private func entries(of object: Value) -> [Value] {
        (object["webhooks"]?.array ?? []).filter { item in
            let name = item["name"]?.string ?? ""
            return entry.isEmpty || name == entry || name.ends(with: ".\(entry)")
        }
    }

    /// The new value of a caBundle, depending on its current authorities.
    ///
    /// Another replica may serve a certificate of another authority, because it has not seen the newest yet. If both
    /// wrote only their own, they would overwrite each other's changes, and calls to one of them would fail. So
    /// authorities that others added stay for a while.
    private struct Authorities {
        /// The new value; nil if the entry needs no change.
        var wanted: [UInt8]?
        var hasOthers = false

        init(of entry: Value, bundle: [UInt8], keepsOthers: Bool) {
            let text = entry["clientConfig"]?["caBundle"]?.string ?? ""
            let own = PEM.blocks(bundle)
            let present = Base64.decode(text).map(PEM.blocks) ?? []
            let others = present.filter { block in
                // A self-signed certificate: a valid authority.
                !own.contains(block) && PEM.isTrusted(block, by: block)
            }
            let kept = keepsOthers ? Array(others.prefix(WebhookBundle.mostOthers)) : []
            hasOthers = !kept.isEmpty
            guard text != Base64.encode(bundle) else { return }
            if !own.isEmpty, own.allSatisfy(present.contains), present.count == own.count + kept.count {
                return
            }
            wanted = bundle + kept.flatMap { $0 }
        }
    }

    /// The largest number of authorities of others that stay in a caBundle.
    static let mostOthers = 3

    /// Whether an entry trusts authorities other than the bundle's.
    public func hasOthers(_ object: Value, bundle: [UInt8]) -> Bool {
        entries(of: object).contains {
            Authorities(of: $0, bundle: bundle, keepsOthers: true).hasOthers
        }
    }

    /// Returns the strategic merge patch that updates the object; nil if no change is needed. It merges by the entries'
    /// names, and the server refuses it if the object has changed meanwhile.
    ///
    /// - Parameter keepsOthers: whether authorities that others added stay.
    public func patch(_ object: Value, bundle: [UInt8], keepsOthers: Bool = false) throws(Problem) -> Value? {
        let label = object["metadata"]?["labels"]?["istio.io/rev"]?.string
        if let label, label != revision, !(revision.isEmpty && label == "default") {
            throw Problem(
                .wrongRevision,
                "\(what) has the label istio.io/rev=\(label), this is revision \"\(revision)\": it is left alone"
            )
        }
        let entries = entries(of: object)
        guard !entries.isEmpty else {
            let names = (object["webhooks"]?.array ?? []).compactMap { $0["name"]?.string }
            throw Problem(
                .entryNotFound,
                "\(what) has no entry \(entry): it has \(names.isEmpty ? "none" : names.joined(separator: ", "))"
            )
        }
        let changes = entries.compactMap { entry -> Value? in
            guard let wanted = Authorities(of: entry, bundle: bundle, keepsOthers: keepsOthers).wanted else {
                return nil
            }
            return [
                "name": entry["name"] ?? "", "clientConfig": ["caBundle": .string(Base64.encode(wanted))],
            ]
        }
        guard !changes.isEmpty else { return nil }
        return [
            "metadata": ["resourceVersion": object["metadata"]?["resourceVersion"] ?? ""],
            "webhooks": .array(changes),
        ]
    }

    /// Patches the object until it is up to date.
    ///
    /// - Parameters:
    ///   - seen: the object, if it is known.
    ///   - bundle: PEM.
    ///   - retried: called for each attempt after the first.
    /// - Returns: whether anything was changed, by this call or meanwhile by another client.
    public func reconcile(
        _ seen: Value?, bundle: [UInt8], keepsOthers: Bool = false, client: APIClient, retried: () -> Void
    ) throws(Problem) -> Bool {
        var object = seen
        for attempt in 0..<SharedCertificate.attempts {
            if attempt > 0 { retried() }
            let current: Value
            if let object { current = object } else { current = try read(client) }
            guard let patch = try patch(current, bundle: bundle, keepsOthers: keepsOthers) else {
                return attempt > 0
            }
            do throws(APIError) {
                _ = try client.patch(.mutatingWebhookConfigurations, name: configuration, .strategic, patch)
                return true
            } catch {
                guard error.kind == .conflict else { throw Problem(error) }
                object = nil
            }
        }
        throw Problem(
            .updateFailed,
            "\(what): others changed it \(SharedCertificate.attempts) times while it was patched")
    }

    private func read(_ client: APIClient) throws(Problem) -> Value {
        do throws(APIError) {
            return try client.get(.mutatingWebhookConfigurations, name: configuration)
        } catch {
            throw Problem(error)
        }
    }

    private var what: String { "mutatingwebhookconfiguration \(configuration)" }
}
