import PluginAPI
import Values

/// Verifies a patch before it is sent: applied to the pod, it must result in the injected pod, and a second injection
/// of that pod must change nothing.
enum PatchSelfCheck {
    /// - Throws: `patch_self_check_failed` with the first difference.
    static func run(
        _ patch: PodPatch, on object: Value, giving pod: Pod, _ subject: InjectionSubject,
        _ snapshot: Snapshot
    ) throws(InjectionError) {
        let wanted = pod.applied(to: object)
        let applied: Value
        do {
            applied = try JSONPatch.apply(patch.operations, to: object)
        } catch {
            throw failure("it does not apply: \(error)")
        }
        if applied != wanted {
            throw failure("applied, it gives something else: \(difference(wanted, applied))")
        }
        let again = InjectionSubject(copying: subject)
        again.pod = try Pod.check(applied)
        let twice = try PodInjection.inject(again, snapshot: snapshot)
        let change = PodPatch(from: applied, to: twice)
        if let first = change.operations.first {
            throw failure("injected again, the pod changes at \(first.path)")
        }
    }

    private static func difference(_ wanted: Value, _ found: Value) -> String {
        JSONPatch.diff(from: wanted, to: found).first.map { "at \($0.path)" } ?? "in the order of members"
    }

    private static func failure(_ why: String) -> InjectionError {
        InjectionError(
            .patch, .patchSelfCheckFailed, "the patch was not sent, because it failed its own check: \(why)")
    }
}
