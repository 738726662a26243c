import Values

/// A running loop whose text will be cached, and the state at its start.
struct RememberedLoop {
    var index: Int
    /// The offset of its text in the output.
    var start: Int
    var steps: Int
    /// The value of `IncludeMemory.unrepeatable`.
    var unrepeatable: Int
}

// Templates of library charts are included with a map that has the chart's whole data as a member, besides what differs
// between the calls: (dict "context" $ "name" "web"). If a loop in them reads only the data, it always writes the same
// text.
extension Machine {
    /// Whether the next loop may be cached: it is the outermost one of an included template, so that `.` is `$`.
    var mayRepeatLoops: Bool {
        loops.isEmpty && dots.isEmpty && frames.isEmpty && context.includes.isOn && context.origins == nil
            && !context.isTainted
    }

    /// Writes the cached text of the loop. If the loop has not run yet, notes that its text will be cached.
    ///
    /// All steps so far must have been counted.
    @inline(never)
    mutating func takeLoop(_ index: Int, into output: inout ByteBuffer) -> Bool {
        guard let template = context.includes.template, template.program === program,
            case .map(let map) = dot.value, case .map(let outermost) = variables[0].value,
            map === outermost,
            let holders = template.repeatable.holders(ofLoop: index, in: template),
            holders.allSatisfy({ name in map[name].map { context.includes.isData($0) } ?? false })
        else { return false }
        if let known = context.includes.known(.loop(index), of: template, context),
            allows(known.text.textSize, behind: output)
        {
            known.text.withStringBytes { output.append($0) }
            context.steps += known.steps
            return true
        }
        remembered = RememberedLoop(
            index: index, start: output.count, steps: context.steps,
            unrepeatable: context.includes.unrepeatable)
        return false
    }

    /// Caches the text of the loop that has just ended.
    @inline(never)
    mutating func keepLoop(_ output: borrowing ByteBuffer) {
        guard let loop = remembered else { return }
        remembered = nil
        guard loop.unrepeatable == context.includes.unrepeatable, let template = context.includes.template
        else { return }
        let text = output.withBytes { GoValue.text(Array($0[loop.start...])) }
        context.includes.keep(
            text, of: .loop(loop.index), in: template, steps: context.steps - loop.steps,
            depth: context.depth)
    }
}
