import Values

/// A running loop, and what was written and used when it began.
struct RememberedLoop {
    var index: Int
    /// Bytes of the output.
    var start: Int
    var steps: Int
    /// `IncludeMemory.unrepeatable`.
    var unrepeatable: Int
}

// Templates of library charts are included with a map that has the chart's whole data beside what differs between the
// calls: (dict "context" $ "name" "web"). If a loop in them reads only the data, it always writes the same text.
extension Machine {
    /// Whether the next loop can be such a loop: the outermost one of an included template, so that `.` is `$`.
    var mayRepeatLoops: Bool {
        loops.isEmpty && dots.isEmpty && frames.isEmpty && context.includes.isOn && context.origins == nil
            && !context.isTainted
    }

    /// Writes the text that the loop wrote before. If it did not run yet, notes that its text is to be remembered.
    ///
    /// All steps so far must be counted.
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

    /// Remembers the text of the loop that has just ended.
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
