/// One step of the machine. Values are on its stack; `at` is the node that a message points to, -1 for the one that
/// the machine noted last (what an `and` or `or` evaluated last is known only then).
///
/// Operands that do not fit stand in the pools of `Program`; jump targets are indexes into `Program.instructions`.
enum Instruction: Sendable {
    /// Writes bytes of `Program.literals`.
    case text(start: Int32, length: Int32)
    /// Takes the top and writes it.
    case print
    /// Drops the top.
    case pop
    /// Drops the value beneath the top.
    case dropBelow
    /// Of so many values, the lowest becomes the top.
    case rotate(Int32)
    /// Pushes the dot.
    case dot
    /// Pushes a variable of the running template.
    case variable(slot: Int32)
    /// Pushes a constant.
    case constant(Int32)
    /// Pushes nothing: Go's invalid value.
    case none
    /// Follows a path from the dot and pushes what it leads to.
    case field(path: Int32)
    /// Follows a path from a variable.
    case variableField(slot: Int32, path: Int32)
    /// Follows a path from the top, which it replaces.
    case chainField(path: Int32)
    /// The top is the receiver of a method that is given arguments: it becomes the method.
    case method(Int32)
    /// Calls the method that lies beneath its arguments.
    case invoke(Int32)
    /// Takes the top out of the interface that it stands in.
    case unwrap
    /// Stores the top in a variable and leaves it where it is.
    case store(slot: Int32)
    case jump(Int32)
    /// Takes the top; jumps where it is false.
    case jumpIfFalse(Int32)
    /// Takes the top; where it is true it becomes the dot, otherwise jumps.
    case with(Int32)
    /// The dot becomes what it was before `with`.
    case endWith
    /// Takes the top and begins a loop over it; jumps to the else list where it is empty.
    case range(Int32)
    /// The next round, or on behind the loop.
    case next(body: Int32)
    /// Leaves the innermost loop and jumps.
    case breakLoop(Int32)
    /// Jumps where the top decides an `and` or `or`, otherwise drops it; notes the node.
    case decide(isOr: Bool, target: Int32, at: NodeIndex)
    /// Notes the node for messages that follow.
    case note(at: NodeIndex)
    /// Fails where the top does not fit a parameter's type.
    case check(type: Int32, at: NodeIndex)
    /// Calls a built-in function with what is on the stack.
    case call(Int32)
    /// Calls a function of a set.
    case callNative(Int32)
    /// Takes the top and runs another template over it.
    case template(Int32)
    /// Fails with a message that was known while compiling.
    case fail(Int32)
    /// The end of a segment of `SegmentPlan`; it counts as no step.
    case pause
    /// The end of a template.
    case finish
}
