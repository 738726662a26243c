import PluginAPI
import Values

/// An instruction of a program. Indexes refer to the program's tables, targets to instructions.
enum Instruction {
    /// Writes text of the pool. `leads`: whether it begins a line of the source, so that a partial's indentation is
    /// written before it.
    case literal(start: Int32, count: Int32, leads: Bool)
    /// Begins a line of the source that begins with a tag.
    case lineStart
    case variable(path: Int32, style: ValueStyle)
    /// Begins an unquoted YAML scalar of several parts.
    case scalar
    /// Ends it. The text since its beginning is quoted as a whole if necessary.
    case endScalar(isInFlow: Bool)
    /// Runs the body for every item of a list, or once for any other true value; otherwise jumps to `end`.
    case section(path: Int32, end: Int32)
    /// Jumps to `end` if the value is true.
    case inverted(path: Int32, end: Int32)
    /// Ends a section's body.
    case endSection
    /// Calls the template with that index, with the indent of that index (-1: the partial is within a line).
    case partial(template: Int32, indent: Int32)
    case dynamicPartial(path: Int32, indent: Int32)
    /// Calls as `partial` does, with the arguments of that parent.
    case parent(Int32)
    /// Calls the argument of the block's name and jumps to `end`; if there is no argument, runs the default that
    /// follows.
    case block(Int32, end: Int32)
    case jump(Int32)
    /// Ends a template or an argument.
    case leave
}

/// A dotted name: consecutive entries of `Program.names`; no entries for `.`.
struct Path {
    var first: Int32
    var count: Int32
}

/// A parent tag.
struct Parent {
    /// The index of a template, or of a path if the name is dynamic.
    var target: Int32
    var isDynamic: Bool
    /// The index of an indent; -1 if the tag is within a line.
    var indent: Int32
    /// The range of its arguments in `Program.arguments`.
    var arguments: Range<Int32>
}

/// A block within a parent tag. It replaces the block of that name in the parent.
struct Argument {
    /// The number of the block's name.
    var name: Int32
    var entry: Int32
    /// Whether the content begins on a line of its own.
    var ownLine: Bool
    var isEmpty: Bool
}

/// A block that can be replaced.
struct Block {
    var name: Int32
    /// The indentation of every line of a replacement.
    var indent: Range<Int32>
    /// Whether the replacement begins a line; otherwise the line has begun before it.
    var ownLine: Bool
}

/// All texts of a template, compiled. It is immutable; every rendering runs it with a machine of its own.
final class Program: Sendable {
    let templates: [Template]
    /// The sources, concatenated; literals are ranges of it.
    let pool: [UInt8]
    let instructions: [Instruction]
    /// The offset in the pool of every instruction's source.
    let offsets: [Int32]
    let names: [String]
    let paths: [Path]
    let indents: [Range<Int32>]
    let parents: [Parent]
    let arguments: [Argument]
    let blocks: [Block]
    /// The index in `templates` of every template name. If several have the same name, it is the last one.
    let index: [String: Int]
    let entry: Int

    struct Template {
        var name: String
        /// Its part of the pool.
        var range: Range<Int>
        /// Its first instruction.
        var entry: Int32
    }

    init(
        templates: [Template], pool: [UInt8], code: Generator.Code, index: [String: Int], entry: Int
    ) {
        self.templates = templates
        self.pool = pool
        instructions = code.instructions
        offsets = code.offsets
        names = code.names
        paths = code.paths
        indents = code.indents
        parents = code.parents
        arguments = code.arguments
        blocks = code.blocks
        self.index = index
        self.entry = entry
    }

    var templateSources: [TemplateSource] {
        templates.map { TemplateSource(name: $0.name, bytes: Array(pool[$0.range])) }
    }

    /// Returns the template to which a byte of the pool belongs. The byte after a source still belongs to it.
    func template(at offset: Int) -> Int {
        var low = 0
        var high = templates.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if templates[middle].range.lowerBound <= offset { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

extension RenderError {
    /// An error at a byte of a template: `template: NAME:LINE:COLUMN: message`.
    init(
        _ kind: Kind, _ message: String, template: String, source: ArraySlice<UInt8>, offset: Int,
        limit: ReachedLimit? = nil
    ) {
        let position = SourceText.position(of: offset, in: source)
        self.init(
            kind: kind, detail: "template: \(SourceLocation(template, position)): \(message)",
            place: Place(template: template, line: position.line, column: position.column), limit: limit)
    }
}
