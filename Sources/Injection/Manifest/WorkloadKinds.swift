import Values

/// The kinds that hold pod templates, and where.
///
/// A kind is here when what it holds is a pod template as Kubernetes has it, metadata and spec. Those that hold parts
/// of one (an Argo Workflow's templates, a Tekton Task's steps) cannot be injected, and are reported.
enum WorkloadKinds {
    private static let specTemplate = ["spec", "template"]
    private static let cronJob = ["spec", "jobTemplate", "spec", "template"]

    /// In the order they are asked; a path that was given by the user goes before them.
    static let builtIn: [PodTemplatePath] =
        [
            PodTemplatePath(kind: "Pod", group: "", path: []),
            PodTemplatePath(kind: "ReplicationController", group: "", path: specTemplate),
            PodTemplatePath(kind: "PodTemplate", group: "", path: ["template"]),
            PodTemplatePath(kind: "Job", group: "batch", path: specTemplate),
            PodTemplatePath(kind: "CronJob", group: "batch", path: cronJob),
            PodTemplatePath(kind: "DeploymentConfig", group: "", path: specTemplate),
        ]
        + ["apps", "extensions"].flatMap { group in
            ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"].map {
                PodTemplatePath(kind: $0, group: group, path: specTemplate)
            }
        }
        + [
            "DeploymentConfig.apps.openshift.io=spec.template",
            "Rollout.argoproj.io=spec.template",
            "Experiment.argoproj.io=spec.templates[*].template",
            "Service.serving.knative.dev=spec.template",
            "Configuration.serving.knative.dev=spec.template",
            "ContainerSource.sources.knative.dev=spec.template",
            "CloneSet.apps.kruise.io=spec.template",
            "StatefulSet.apps.kruise.io=spec.template",
            "DaemonSet.apps.kruise.io=spec.template",
            "BroadcastJob.apps.kruise.io=spec.template",
            "AdvancedCronJob.apps.kruise.io=spec.template.jobTemplate.spec.template",
            "ScaledJob.keda.sh=spec.jobTargetRef.template",
            "Job.batch.volcano.sh=spec.tasks[*].template",
            "JobSet.jobset.x-k8s.io=spec.replicatedJobs[*].template.spec.template",
            "LeaderWorkerSet.leaderworkerset.x-k8s.io=spec.leaderWorkerTemplate.leaderTemplate",
            "LeaderWorkerSet.leaderworkerset.x-k8s.io=spec.leaderWorkerTemplate.workerTemplate",
            "RayCluster.ray.io=spec.headGroupSpec.template",
            "RayCluster.ray.io=spec.workerGroupSpecs[*].template",
        ].compactMap { PodTemplatePath($0) }

    /// Lists within lists, items of one, and pod templates of one object.
    static let maximumListDepth = 8
    static let maximumItems = 100_000
    static let maximumTemplates = 1_000

    /// Where the kind keeps its pod templates, `*` standing for every item of a list; empty for a kind that is not
    /// known. What the user gave for a kind goes for all that is built in.
    static func paths(kind: String, apiVersion: String, given: [PodTemplatePath]) -> [[String]] {
        let group =
            apiVersion.split(separator: "/", maxSplits: 1).count == 2
            ? String(apiVersion.prefix { $0 != "/" }) : ""
        let isMatch = { (entry: PodTemplatePath) in entry.kind == kind && (entry.group ?? group) == group }
        let own = given.filter(isMatch)
        return (own.isEmpty ? builtIn.filter(isMatch) : own).map(\.path)
    }

    /// Every workload that a document holds, Lists item by item.
    static func find(in document: Value, given: [PodTemplatePath]) -> [Workload] {
        search(document, given: given).workloads
    }

    /// Every workload that a document holds, and every object that should or may be one but cannot be injected.
    static func search(
        _ document: Value, given: [PodTemplatePath]
    ) -> (workloads: [Workload], leftAlone: [LeftAlone]) {
        var found = Found(given: given)
        found.collect(document, path: [], inherited: nil)
        return (found.workloads, found.leftAlone)
    }

    /// An object of a kind that is not known, with something like a pod's spec in it, or one that lacks its template.
    struct LeftAlone: Sendable, Equatable {
        var kind: String
        var apiVersion: String
        var name: String
        var namespace: String
        /// JSON pointer of the object in its document.
        var pointer: String
        /// Member names and numbers of items from the object to what looks like the spec; nil where the kind is known
        /// and its template is not there.
        var specPath: [String]?

        var message: String {
            guard let specPath else { return "the \(kind) holds no pod template" }
            let spec = pointer + JSONPointer(specPath).description
            return "the kind \(kind) is not known and was left alone, but \(spec) looks like a pod's spec"
        }

        /// What to say to `--podTemplatePath`, nil where the spec stands alone, not in a template.
        var option: String? {
            guard let specPath, specPath.last == "spec", specPath.count > 1 else { return nil }
            let group = apiVersion.contains("/") ? "." + apiVersion.prefix { $0 != "/" } : ""
            var path = ""
            for step in specPath.dropLast() {
                path += Int(step) == nil ? (path.isEmpty ? "" : ".") + step : "[*]"
            }
            return "\(kind)\(group)=\(path)"
        }
    }

    private struct Found {
        let given: [PodTemplatePath]
        var workloads: [Workload] = []
        var leftAlone: [LeftAlone] = []

        init(given: [PodTemplatePath]) { self.given = given }

        mutating func collect(
            _ value: Value, path: [PathStep], inherited: (kind: String, apiVersion: String)?
        ) {
            guard case .object(let object) = value, path.count <= maximumListDepth * 2,
                workloads.count < maximumItems, leftAlone.count < maximumItems
            else { return }
            let kind = object["kind"]?.string ?? inherited?.kind ?? ""
            let apiVersion = object["apiVersion"]?.string ?? inherited?.apiVersion ?? ""
            if let list = Self.list(of: object, kind: kind, apiVersion: apiVersion) {
                let itemKind = kind.hasSuffix("List") ? String(kind.dropLast(4)) : ""
                for (index, item) in list.items.enumerated() {
                    collect(
                        item, path: path + [.member(list.member), .item(index)],
                        inherited: itemKind.isEmpty ? nil : (itemKind, apiVersion))
                }
                return
            }
            let paths = WorkloadKinds.paths(kind: kind, apiVersion: apiVersion, given: given)
            let metadata = object["metadata"]?.object
            let name = metadata?.text("name") ?? ""
            let namespace = metadata?.text("namespace") ?? ""
            let templates = paths.flatMap { WorkloadKinds.expand($0[...], in: value) }
            for template in templates.prefix(maximumTemplates) {
                workloads.append(
                    Workload(
                        kind: kind, apiVersion: apiVersion, name: name, namespace: namespace,
                        objectPath: path, templatePath: template, object: object))
            }
            guard templates.isEmpty, !kind.isEmpty else { return }
            let spec = paths.isEmpty ? WorkloadKinds.podSpec(in: value) : nil
            guard !paths.isEmpty || spec != nil else { return }
            leftAlone.append(
                LeftAlone(
                    kind: kind, apiVersion: apiVersion, name: name, namespace: namespace,
                    pointer: JSONPointer.text(of: path), specPath: spec))
        }

        /// The items of a List, and the objects of an OpenShift Template.
        private static func list(
            of object: Object, kind: String, apiVersion: String
        ) -> (member: String, items: [Value])? {
            if kind.hasSuffix("List"), case .array(let items)? = object["items"] { return ("items", items) }
            if kind == "Template", apiVersion == "v1" || apiVersion.hasPrefix("template.openshift.io/"),
                case .array(let items)? = object["objects"]
            {
                return ("objects", items)
            }
            return nil
        }
    }

    /// The paths that a path means in an object: itself where something stands there, one for each item of a list that
    /// it goes through.
    private static func expand(_ path: ArraySlice<String>, in value: Value) -> [[String]] {
        guard let place = path.firstIndex(of: "*") else {
            let found = Workload.value(at: path, in: value)
            return found == nil || found?.isNull == true ? [] : [Array(path)]
        }
        let head = path[..<place]
        guard case .array(let items)? = Workload.value(at: head, in: value) else { return [] }
        return items.indices.flatMap { index in
            expand(path[(place + 1)...], in: items[index]).map { Array(head) + [String(index)] + $0 }
        }
    }

    /// How deep a pod's spec is looked for, and among how many items of a list.
    private static let maximumDepth = 10
    private static let maximumSearchedItems = 16

    /// Where an object holds something like a pod's spec, or nil: a member `containers` whose first item has a name and
    /// an image.
    static func podSpec(in value: Value, path: [String] = []) -> [String]? {
        guard path.count < maximumDepth else { return nil }
        switch value {
        case .object(let object):
            if case .array(let items)? = object["containers"], case .object(let first)? = items.first,
                first["name"]?.string != nil, first["image"]?.string != nil
            {
                return path
            }
            for member in object.members {
                if let found = podSpec(in: member.value, path: path + [member.key]) { return found }
            }
        case .array(let items):
            for (index, item) in items.prefix(maximumSearchedItems).enumerated() {
                if let found = podSpec(in: item, path: path + [String(index)]) { return found }
            }
        default: break
        }
        return nil
    }
}
