import Injection
import Values

let kubeUninjectVerb = Verb(
    name: "kube-uninject", summary: "remove the sidecar from manifests",
    discussion: """
        Restores exactly what was injected with --provenance. Otherwise uses what injection records in the pod: the
        status annotation, probes and Prometheus settings. Needs no configuration.
        """,
    options: manifestOptions + [podTemplatePathOption],
    examples: [("pillion kube-uninject -f injected.yaml --diff", "show what would be removed")],
    statuses: [(3, "with --check: something would change")],
    run: { arguments in
        let paths = try podTemplatePaths(arguments)
        let work = try ManifestWork(arguments, ManifestOptions(), verb: "uninjected", undoes: true) {
            manifest, options, _ in
            try Pipeline.uninject(manifest: manifest, podTemplatePaths: paths, options: options)
        }
        return try work.run()
    })
