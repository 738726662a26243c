import PluginAPI
import Values

/// Reads MutatingWebhookConfigurations. Anything that the API server would refuse is refused, with its place.
extension Webhooks {
    /// The greatest depth of nested lists that are read.
    private static let listDepth = 4
    /// The largest number of rules, requirements and values of all selectors in total. A document may come with a
    /// request, and every change that is tried evaluates all of them.
    private static let partLimit = 4096

    init(_ configuration: Value, file: String) throws(WebhookConfigurationError) {
        entries = []
        try read(configuration, pointer: "", file: file, depth: 0)
        let parts = entries.reduce(0) { $0 + $1.parts }
        guard parts <= Self.partLimit else {
            throw WebhookConfigurationError(
                Self.prefix(file) + "its webhooks have \(parts) rules, requirements and values: the limit is "
                    + "\(Self.partLimit)")
        }
        if entries.isEmpty {
            throw WebhookConfigurationError(
                Self.prefix(file) + "there is no webhook in it: expected a MutatingWebhookConfiguration")
        }
    }

    private mutating func read(
        _ value: Value, pointer: String, file: String, depth: Int
    ) throws(WebhookConfigurationError) {
        guard depth <= Self.listDepth else {
            throw Self.error("lists within lists go deeper than \(Self.listDepth)", file, pointer)
        }
        if let items = value.array {
            for (index, item) in items.enumerated() {
                try read(item, pointer: "\(pointer)/\(index)", file: file, depth: depth + 1)
            }
            return
        }
        guard let object = value.object else {
            throw Self.error("it is not an object: expected a MutatingWebhookConfiguration", file, pointer)
        }
        let kind = object["kind"]?.string ?? ""
        if kind == "List" || kind == "MutatingWebhookConfigurationList" {
            try read(object["items"] ?? [], pointer: pointer + "/items", file: file, depth: depth + 1)
            return
        }
        guard kind == "MutatingWebhookConfiguration" else {
            // A file of an installation contains other kinds too.
            if depth > 0 && !kind.isEmpty { return }
            throw Self.error(
                "its kind is \(quoted(kind)): expected a MutatingWebhookConfiguration", file, pointer)
        }
        guard let webhooks = object["webhooks"], !webhooks.isNull else { return }
        guard let webhooks = webhooks.array else {
            throw Self.error("webhooks is not a list", file, pointer + "/webhooks")
        }
        for (index, webhook) in webhooks.enumerated() {
            entries.append(try Self.entry(webhook, pointer: "\(pointer)/webhooks/\(index)", file: file))
        }
    }

    private static func entry(
        _ value: Value, pointer: String, file: String
    ) throws(WebhookConfigurationError) -> Entry {
        guard let object = value.object else { throw error("the webhook is not an object", file, pointer) }
        func selector(_ name: String) throws(WebhookConfigurationError) -> LabelSelector {
            do { return try LabelSelector(object[name] ?? .null) } catch {
                throw Self.error("\(name): \(error.message)", file, "\(pointer)/\(name)")
            }
        }
        var rules: [ResourceRule] = []
        for (index, rule) in (object["rules"]?.array ?? []).enumerated() {
            func list(_ name: String) throws(WebhookConfigurationError) -> [String] {
                let items = rule[name]?.array ?? []
                let texts = items.compactMap(\.string)
                guard !texts.isEmpty, texts.count == items.count else {
                    throw Self.error(
                        "\(name) is not a list of strings", file, "\(pointer)/rules/\(index)/\(name)")
                }
                return texts
            }
            rules.append(
                ResourceRule(
                    operations: try list("operations"), groups: try list("apiGroups"),
                    versions: try list("apiVersions"), resources: try list("resources"),
                    scope: rule["scope"]?.string ?? "*"))
        }
        let name = object["name"]?.string ?? ""
        return Entry(
            name: name.isEmpty ? pointer : bounded(name), rules: rules,
            namespaceSelector: try selector("namespaceSelector"),
            objectSelector: try selector("objectSelector"),
            conditions: (object["matchConditions"]?.array ?? []).map { $0["name"]?.string ?? "" },
            source: file.isEmpty ? pointer : "\(file)#\(pointer)")
    }

    private static func prefix(_ file: String) -> String { file.isEmpty ? "" : "\(file): " }

    private static func error(_ what: String, _ file: String, _ pointer: String) -> WebhookConfigurationError
    {
        WebhookConfigurationError(prefix(file) + (pointer.isEmpty ? "" : "\(pointer): ") + what)
    }
}

extension Webhooks.Entry {
    /// The number of parts that evaluating it may read.
    fileprivate var parts: Int {
        let selectors = namespaceSelector.requirements + objectSelector.requirements
        return 1 + selectors.reduce(0) { $0 + 1 + $1.values.count }
            + rules.reduce(0) { $0 + 1 + $1.operations.count + $1.resources.count }
    }
}
