import Kubernetes
import Values

/// Checks whether an API server could call the webhook: Service, endpoints, and the caBundle against the certificate.
struct Reach {
    var verdict = Diagnosis.Step.Verdict.yes
    var message = "the Service has endpoints, and the caBundle leads to the certificate"
    var source: String?
    var cause: Diagnosis.Cause?
    var remedies: [String] = []
    /// The checks that passed, or could not be made.
    var details: [String] = []

    init(_ webhook: InjectorWebhook, _ evidence: Evidence) {
        guard let service = webhook.service else {
            let url = webhook.entry["clientConfig"]?["url"]?.string ?? ""
            verdict = .unknown
            message = "the webhook calls \(url), which is not asked from here"
            checkBundle(webhook, evidence)
            return
        }
        let name = "\(service.namespace)/\(service.name)"
        checkService(name, service.port, evidence)
        guard cause == nil else { return }
        checkEndpoints(name, evidence)
        guard cause == nil else { return }
        checkBundle(webhook, evidence)
    }

    private mutating func fail(
        _ cause: Diagnosis.Cause, _ message: String, at source: String, _ remedies: [String]
    ) {
        verdict = .no
        (self.cause, self.message, self.source, self.remedies) = (cause, message, source, remedies)
    }

    private mutating func doubt(_ detail: String) {
        details.append(detail)
        if verdict == .yes {
            verdict = .unknown
            message = "not everything could be read"
        }
    }

    private mutating func checkService(_ name: String, _ port: Int64, _ evidence: Evidence) {
        switch evidence.service {
        case .missing?:
            fail(
                .injectorUnreachable, "the Service \(name), which the webhook calls, does not exist",
                at: "service \(name)", ["install the injector, or delete the webhook configuration"])
        case .found(let object)?:
            let ports = (object["spec"]?["ports"]?.array ?? []).compactMap { $0["port"]?.int }
            guard !ports.contains(port) else { return }
            fail(
                .injectorUnreachable,
                "the webhook calls port \(port) of the Service \(name), which has \(ports.map(String.init).joined(separator: ", "))",
                at: "service \(name)", ["set clientConfig.service.port to a port of the Service"])
        default: doubt("the Service \(name) was not read")
        }
    }

    private mutating func checkEndpoints(_ name: String, _ evidence: Evidence) {
        let pods = evidence.injectorPods?.value
        let ready = pods?.count(where: Self.isReady)
        if let addresses = evidence.endpoints?.value {
            guard addresses == 0 else {
                details.append("the Service \(name) has \(addresses) endpoint\(addresses == 1 ? "" : "s")")
                return
            }
            noEndpoints(name, pods)
        } else if evidence.endpoints?.isMissing == true, evidence.service?.value != nil {
            noEndpoints(name, pods)
        } else if let ready {
            guard ready == 0 else {
                details.append("\(ready) of the injector's pods \(ready == 1 ? "is" : "are") ready")
                return
            }
            noEndpoints(name, pods)
        } else {
            doubt("neither the endpoints of \(name) nor the injector's pods were read")
        }
    }

    private mutating func noEndpoints(_ name: String, _ pods: [Value]?) {
        var message = "the Service \(name) has no ready endpoint, so nobody answers the webhook"
        if let pods {
            message +=
                pods.isEmpty ? ": no pod has the labels of its selector" : ": \(Self.troubles(of: pods))"
        }
        fail(
            .injectorUnreachable, message, at: "endpoints \(name)",
            [
                "see why the injector's pods are not ready: kubectl -n \(name.prefix { $0 != "/" }) get pods, then logs"
            ])
    }

    static func isReady(_ pod: Value) -> Bool {
        (pod["status"]?["conditions"]?.array ?? []).contains {
            $0["type"] == "Ready" && $0["status"] == "True"
        }
    }

    /// `pillion-7f is CrashLoopBackOff`
    private static func troubles(of pods: [Value]) -> String {
        pods.prefix(3).map { pod in
            let name = pod["metadata"]?["name"]?.string ?? ""
            let waiting = (pod["status"]?["containerStatuses"]?.array ?? []).lazy.compactMap {
                $0["state"]?["waiting"]?["reason"]?.string
            }.first
            let state = waiting ?? (isReady(pod) ? "ready" : pod["status"]?["phase"]?.string ?? "not ready")
            return "pod \(name) is \(state == "Running" ? "not ready" : state)"
        }.joined(separator: ", ")
    }

    // MARK: certificates

    private mutating func checkBundle(_ webhook: InjectorWebhook, _ evidence: Evidence) {
        let place = "\(webhook.source.prefix { $0 != "#" }), webhook \(webhook.name)"
        let text = webhook.entry["clientConfig"]?["caBundle"]?.string ?? ""
        let remedy = [
            "put the CA of the injector's certificate into clientConfig.caBundle; pillion check --webhookConfig "
                + "compares the two"
        ]
        guard !text.isEmpty else {
            guard webhook.service != nil else { return }
            fail(
                .bundleWrong,
                "the caBundle is empty, so the API server does not trust the injector's certificate: no public CA "
                    + "issues one for a Service", at: place, remedy)
            return
        }
        guard let bundle = Base64.decode(text), PEM.isCertificate(bundle) else {
            fail(
                .bundleWrong,
                "the caBundle holds no certificate, so the API server does not trust the injector",
                at: place, remedy)
            return
        }
        guard let secret = evidence.secret else {
            doubt("where the injector's certificate is stored is not known")
            return
        }
        guard let encoded = secret.reading.value?["data"]?["tls.crt"]?.string,
            let certificate = Base64.decode(encoded), PEM.isCertificate(certificate)
        else {
            if secret.reading.value != nil {
                doubt("the \(secret.name) holds no certificate in tls.crt")
            } else {
                doubt("the certificate was not compared with the caBundle: the \(secret.name) was not read")
            }
            return
        }
        guard PEM.isTrusted(certificate, by: bundle) else {
            fail(
                .bundleWrong,
                "the caBundle does not lead to the certificate in the \(secret.name), so the API server refuses the "
                    + "injector's certificate", at: place, remedy)
            return
        }
        if let service = webhook.service {
            let name = "\(service.name).\(service.namespace).svc"
            guard PEM.hasName(certificate, name) else {
                fail(
                    .bundleWrong,
                    "the certificate in the \(secret.name) is not for \(name), which the API server calls",
                    at: secret.name, ["issue it with the subject alternative name \(name)"])
                return
            }
        }
        details.append("the caBundle leads to the certificate in the \(secret.name)")
    }
}
