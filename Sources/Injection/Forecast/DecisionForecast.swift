import PluginAPI
import Values

/// Predicts the result of a decision to inject: injects the pod and discards the result.
///
/// Input: a pod that gets a sidecar. Output: why the injection would be refused, and what an API server would refuse in
/// its result.
enum DecisionForecast {
    static func warnings(
        _ pod: Pod, of workload: Workload, in namespace: String, _ snapshot: Snapshot
    ) -> [DecisionWarning] {
        let subject =
            workload.isPod
            ? InjectionSubject(pod: pod, form: snapshot.form, namespace: namespace, isReview: true)
            : InjectionSubject(template: pod, of: workload)
        subject.namespace = namespace
        // Findings are reported in every mode.
        subject.isTrial = true
        let injected: Pod
        do throws(InjectionError) {
            injected = try PodInjection.inject(subject, snapshot: snapshot)
        } catch {
            return error.all.prefix(Forecast.limit).map { problem in
                DecisionWarning("the injection would be refused: \(problem.message)")
            }
        }
        let findings =
            subject.forecast.map(\.message) + ApplicationWarnings.knative(workload, pod, injected: injected)
        return findings.map { DecisionWarning("forecast: \($0)") }
    }
}
