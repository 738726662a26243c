import PluginAPI
import Values

/// One step of a program. Indices point into the program's tables, targets at instructions.
enum Instruction {
    /// Text of the pool. `leads`: it begins a line of the source, so that a partial's indentation goes before it.
    case literal(start: Int32, count: Int32, leads: Bool)
    /// A line of the source begins here with a tag.
    case lineStart
    case variable(path: Int32, style: ValueStyle)
    /// An unquoted YAML scalar of several parts begins here.
    case scalar
    /// It ends here: what was written since is quoted as a whole where it has to be.
    case endScalar(isInFlow: Bool)
    /// Runs what follows for every item of a list, once for anything else that is true; else goes to `end`.
    case section(path: Int32, end: Int32)
    /// Goes to `end` where the value is true.
    case inverted(path: Int32, end: Int32)
    /// The end of a section's body.
    case endSection
    /// Calls the template of that index, with the indent of that index (-1: the partial stands within a line).
    case partial(template: Int32, indent: Int32)
    case dynamicPartial(path: Int32, indent: Int32)
    /// As `partial`, with the arguments of that parent.
    case parent(Int32)
    /// Calls the argument of the block's name and goes to `end`; runs the default that follows if there is no argument.
    case block(Int32, end: Int32)
    case jump(Int32)
    /// The end of a template or an argument.
    case leave
}

/// A dotted name: consecutive entries of `Program.names`; none for `.`.
struct Path {
    var first: Int32
    var count: Int32
}

/// A parent tag.
struct Parent {
    /// Index of a template, or of a path where the name is dynamic.
    var target: Int32
    var isDynamic: Bool
    /// Index of an indent, -1 where the tag stands within a line.
    var indent: Int32
    /// Into `Program.arguments`.
    var arguments: Range<Int32>
}

/// A block within a parent tag: what replaces the block of that name in the parent.
struct Argument {
    /// Number of the block's name.
    var name: Int32
    var entry: Int32
    /// Whether the content begins on a line of its own.
    var ownLine: Bool
    var isEmpty: Bool
}

/// A block that can be replaced.
struct Block {
    var name: Int32
    /// What every line of a replacement is indented by.
    var indent: Range<Int32>
    /// Whether the replacement begins a line; else the line has begun before it.
    var ownLine: Bool
}

/// All texts of one template, compiled. Immutable; every rendering runs it with a machine of its own.
final class Program: Sendable {
    let templates: [Template]
    /// The sources, one after the other; literals are runs of it.
    let pool: [UInt8]
    let instructions: [Instruction]
    /// For every instruction, where it stands in the pool.
    let offsets: [Int32]
    let names: [String]
    let paths: [Path]
    let indents: [Range<Int32>]
    let parents: [Parent]
    let arguments: [Argument]
    let blocks: [Block]
    /// Template name → index into `templates`; the last of a name.
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

    /// The template that a byte of the pool belongs to; the byte behind a source still belongs to it.
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
