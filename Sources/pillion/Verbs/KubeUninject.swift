import Injection
import Values

let kubeUninjectVerb = Verb(
    name: "kube-uninject", summary: "take the sidecar out of manifests",
    discussion: """
        What was injected with --provenance is restored exactly; anything else by what injection leaves behind: the
        status annotation, recorded probes and Prometheus settings. No configuration is needed.
        """,
    options: manifestOptions + [podTemplatePathOption],
    examples: [("pillion kube-uninject -f injected.yaml --diff", "shows what would go")],
    statuses: [(3, "with --check: something would change")],
    run: { arguments in
        let paths = try podTemplatePaths(arguments)
        let work = try ManifestWork(arguments, ManifestOptions(), verb: "uninjected", undoes: true) {
            manifest, options in
            try Pipeline.uninject(manifest: manifest, podTemplatePaths: paths, options: options)
        }
        return try work.run()
    })
