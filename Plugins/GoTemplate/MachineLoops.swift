import Values

/// A loop that is running, and what had been written and used when it began.
struct RememberedLoop {
    var index: Int
    /// Bytes of the output.
    var start: Int
    var steps: Int
    /// `IncludeMemory.unrepeatable`.
    var unrepeatable: Int
}

// A library's template is included with a map that has the whole data of the chart in it, beside what differs between
// the calls: (dict "context" $ "name" "web"). A loop in it that reads the data only writes the same each time.
extension Machine {
    /// Whether the next loop may be one of those: the outermost one of a template that was included, so that `.` is `$`.
    var mayRepeatLoops: Bool {
        loops.isEmpty && dots.isEmpty && frames.isEmpty && context.includes.isOn && context.origins == nil
            && !context.isTainted
    }

    /// Writes what a loop wrote before; if it did not run yet, notes that its text is to be remembered.
    ///
    /// The steps that were counted so far must be exact.
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

    /// Remembers what the loop wrote that has just ended.
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
