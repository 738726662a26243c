import Values

/// The kinds that contain pod templates, and the paths to them.
///
/// A kind is listed if it contains a pod template as in Kubernetes, with metadata and spec. Kinds that contain parts of
/// one (an Argo Workflow's templates, a Tekton Task's steps) cannot be injected, and are reported.
enum WorkloadKinds {
    private static let specTemplate = ["spec", "template"]
    private static let cronJob = ["spec", "jobTemplate", "spec", "template"]

    /// The built-in paths, in the order of the search; paths that the user gave come first.
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
            "AdvancedCronJob.apps.kruise.io=spec.template.broadcastJobTemplate.spec.template",
            "UnitedDeployment.apps.kruise.io=spec.template.statefulSetTemplate.spec.template",
            "UnitedDeployment.apps.kruise.io=spec.template.advancedStatefulSetTemplate.spec.template",
            "UnitedDeployment.apps.kruise.io=spec.template.cloneSetTemplate.spec.template",
            "UnitedDeployment.apps.kruise.io=spec.template.deploymentTemplate.spec.template",
            "ScaledJob.keda.sh=spec.jobTargetRef.template",
            "Job.batch.volcano.sh=spec.tasks[*].template",
            "JobSet.jobset.x-k8s.io=spec.replicatedJobs[*].template.spec.template",
            "LeaderWorkerSet.leaderworkerset.x-k8s.io=spec.leaderWorkerTemplate.leaderTemplate",
            "LeaderWorkerSet.leaderworkerset.x-k8s.io=spec.leaderWorkerTemplate.workerTemplate",
            "RayCluster.ray.io=spec.headGroupSpec.template",
            "RayCluster.ray.io=spec.workerGroupSpecs[*].template",
            "RayJob.ray.io=spec.rayClusterSpec.headGroupSpec.template",
            "RayJob.ray.io=spec.rayClusterSpec.workerGroupSpecs[*].template",
            "RayJob.ray.io=spec.submitterPodTemplate",
            "RayService.ray.io=spec.rayClusterConfig.headGroupSpec.template",
            "RayService.ray.io=spec.rayClusterConfig.workerGroupSpecs[*].template",
            "PyTorchJob.kubeflow.org=spec.pytorchReplicaSpecs.*.template",
            "TFJob.kubeflow.org=spec.tfReplicaSpecs.*.template",
            "XGBoostJob.kubeflow.org=spec.xgbReplicaSpecs.*.template",
            "PaddleJob.kubeflow.org=spec.paddleReplicaSpecs.*.template",
            "MPIJob.kubeflow.org=spec.mpiReplicaSpecs.*.template",
            "JAXJob.kubeflow.org=spec.jaxReplicaSpecs.*.template",
            "MXJob.kubeflow.org=spec.mxReplicaSpecs.*.template",
            "Elasticsearch.elasticsearch.k8s.elastic.co=spec.nodeSets[*].podTemplate",
            "Kibana.kibana.k8s.elastic.co=spec.podTemplate",
            "ApmServer.apm.k8s.elastic.co=spec.podTemplate",
            "EnterpriseSearch.enterprisesearch.k8s.elastic.co=spec.podTemplate",
            "ElasticMapsServer.maps.k8s.elastic.co=spec.podTemplate",
            "Logstash.logstash.k8s.elastic.co=spec.podTemplate",
            "Beat.beat.k8s.elastic.co=spec.daemonSet.podTemplate",
            "Beat.beat.k8s.elastic.co=spec.deployment.podTemplate",
            "Agent.agent.k8s.elastic.co=spec.daemonSet.podTemplate",
            "Agent.agent.k8s.elastic.co=spec.deployment.podTemplate",
            "Agent.agent.k8s.elastic.co=spec.statefulSet.podTemplate",
        ].compactMap { PodTemplatePath($0) }

    /// The limits for nested lists, items of one list, and pod templates of one object.
    static let maximumListDepth = 8
    static let maximumItems = 100_000
    static let maximumTemplates = 1_000

    private static let builtInByKind = Dictionary(grouping: builtIn, by: \.kind)

    /// The paths to the pod templates of a kind, with `*` for every item of a list or member of a map; empty for an
    /// unknown kind. Paths that the user gave for a kind replace the built-in ones.
    static func paths(kind: String, apiVersion: String, given: [PodTemplatePath]) -> [[String]] {
        let own = given.filter { $0.kind == kind }
        let builtIn = builtInByKind[kind] ?? []
        guard !own.isEmpty || !builtIn.isEmpty else { return [] }
        let group = group(of: apiVersion)
        let isMatch = { (entry: PodTemplatePath) in (entry.group ?? group) == group }
        let chosen = own.contains(where: isMatch) ? own : builtIn
        return chosen.filter(isMatch).map(\.path)
    }

    /// The group of an apiVersion; empty for Kubernetes' core group.
    static func group(of apiVersion: String) -> String {
        guard let slash = apiVersion.firstIndex(ofByte: "/"), slash != apiVersion.utf8.indices.last else {
            return ""
        }
        return String(apiVersion[..<slash])
    }

    /// The apiVersion that objects of Kubernetes' own kinds should have; nil for other kinds and most other groups.
    static func expectedVersion(kind: String, apiVersion: String) -> String? {
        let group = group(of: apiVersion)
        guard kind == "Pod" || !group.contains(byte: ".") else { return nil }
        switch kind {
        case "Pod", "ReplicationController", "PodTemplate": return "v1"
        case "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet": return "apps/v1"
        case "Job", "CronJob": return "batch/v1"
        default: return nil
        }
    }

    /// Expands a path in an object to existing paths: one for each item of a list or member of a map at a `*`.
    static func expand(_ path: ArraySlice<String>, in value: Value) -> [[String]] {
        guard let place = path.firstIndex(of: "*") else {
            let found = Workload.value(at: path, in: value)
            return found == nil || found?.isNull == true ? [] : [Array(path)]
        }
        let head = path[..<place]
        let rest = path[(place + 1)...]
        switch Workload.value(at: head, in: value) {
        case .array(let items)?:
            return items.indices.flatMap { index in
                expand(rest, in: items[index]).map { Array(head) + [String(index)] + $0 }
            }
        case .object(let object)?:
            return object.members.flatMap { member in
                expand(rest, in: member.value).map { Array(head) + [member.key] + $0 }
            }
        default: return []
        }
    }
}
