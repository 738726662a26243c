import PluginAPI
import Synchronization
import Values

/// Caches the output of one template, by the inputs that it depends on.
///
/// A rendering is looked up segment by segment, and only segments with new inputs are run. Output, variables and the
/// use of limits are those of a run. A segment that would reach a limit is run.
final class TemplateMemory: Sendable {
    let plan: SegmentPlan
    private let memory: OutputMemory
    /// The root and the limits of an earlier rendering. Parts of later roots that share memory with this root need not
    /// be compared. Renderings with other limits have a different number.
    private let earlier = Mutex<(root: Object, limits: RenderLimits, isTracked: Bool, number: Int)?>(nil)

    init(_ plan: SegmentPlan, _ memory: OutputMemory) {
        self.plan = plan
        self.memory = memory
    }

    /// Returns the inputs of a rendering; nil if it has to be run.
    func inputs(of data: TemplateData, _ limits: RenderLimits) -> SegmentInputs? {
        guard case .object(let root) = data.value else { return nil }
        let isTracked = data.taint != nil
        // These three are checked when an output is used, or depend on the clock.
        var limits = limits
        limits.deadline = nil
        limits.steps = 0
        limits.outputBytes = 0
        let (known, number) = earlier.withLock { earlier in
            if let earlier, earlier.limits == limits, earlier.isTracked == isTracked {
                return (earlier.root, earlier.number)
            }
            let number = memory.number()
            earlier = (root, limits, isTracked, number)
            return (root, number)
        }
        return SegmentInputs(plan, of: root, known: known, template: number)
    }

    func output(for key: CacheKey) -> OutputMemory.Output? { memory.output(for: key) }
    func keep(_ output: OutputMemory.Output, for key: CacheKey) { memory.keep(output, for: key) }
}

extension Machine {
    /// Runs to the end, using cached output if possible.
    mutating func run(
        _ memory: TemplateMemory, _ inputs: SegmentInputs, into output: inout ByteBuffer
    ) throws(RenderError) {
        begin(output)
        for (index, segment) in memory.plan.segments.enumerated() {
            guard let parts = segment.parts else {
                try run(segmentAt: Int(segment.start), into: &output)
                continue
            }
            let key = inputs.key(of: parts, at: index)
            if let known = memory.output(for: key), take(known, segment.slots, into: &output) { continue }
            let before = output.count
            let steps = context.steps
            let tainted = context.tainted.count
            let deepestBefore = deepest
            deepest = 0
            defer { deepest = max(deepest, deepestBefore) }
            try run(segmentAt: Int(segment.start), into: &output)
            guard let values = plainVariables(segment.slots) else { continue }
            memory.keep(
                made(
                    output, from: before, steps: context.steps - steps,
                    state: SegmentState(
                        variables: values, tainted: Array(context.tainted[tainted...]), start: before)),
                for: key)
        }
        try run(segmentAt: Int(memory.plan.end), into: &output)
    }

    private func made(
        _ output: borrowing ByteBuffer, from start: Int, steps: Int, state: SegmentState?
    ) -> OutputMemory.Output {
        OutputMemory.Output(
            bytes: output.withBytes { Array($0[start...]) }, steps: steps, depth: deepest, state: state)
    }

    /// Applies the effects of the run that produced a cached output. Returns false if the limits do not allow it.
    private mutating func take(
        _ known: OutputMemory.Output, _ slots: [Int32], into output: inout ByteBuffer
    ) -> Bool {
        guard context.steps + known.steps < limits.steps, allows(known.bytes.count, behind: output) else {
            return false
        }
        context.steps += known.steps
        deepest = max(deepest, known.depth)
        if let state = known.state as? SegmentState {
            setVariables(slots, to: state.variables)
            for run in state.tainted {
                context.tainted.append(
                    TaintedRun(start: output.count + Int(run.start), end: output.count + Int(run.end)))
            }
        }
        output.append(known.bytes)
        return true
    }
}

/// The effects of a segment besides its output.
final class SegmentState: Sendable {
    let variables: [Slot]
    /// The parts of the output that tainted data produced, relative to the start of the segment.
    let tainted: [TaintedRun]

    /// - Parameter start: the offset at which the segment begins in the output to which `tainted` refers.
    /// - Returns: nil if there are no effects.
    init?(variables: [Slot], tainted: [TaintedRun], start: Int) {
        guard !variables.isEmpty || !tainted.isEmpty else { return nil }
        self.variables = variables
        self.tainted = tainted.map {
            TaintedRun(start: Int($0.start) - start, end: Int($0.end) - start)
        }
    }
}

extension GoValue {
    /// Whether it can be shared between renderings, because nothing in it changes in place.
    var isPlain: Bool {
        switch self {
        case .none, .bool, .int, .int64, .float64, .string, .rawString, .array, .object, .strings, .bytes,
            .signed, .unsigned, .float32, .complex, .typed:
            true
        case .list(let items): items.allSatisfy(\.isPlain)
        case .map, .slice, .native: false
        }
    }
}
