/// An instruction of the machine. Values are on its stack. `at` is the node that a message points to; -1 is the node
/// that the machine noted last (the last argument that an `and` or `or` evaluates is only known at run time).
///
/// Operands that do not fit are in the pools of `Program`. Jump targets are indexes into `Program.instructions`.
enum Instruction: Sendable {
    /// Writes bytes of `Program.literals`.
    case text(start: Int32, length: Int32)
    /// Pops the top and writes it.
    case print
    /// Removes the top.
    case pop
    /// Removes the value beneath the top.
    case dropBelow
    /// Moves the lowest of that many values to the top.
    case rotate(Int32)
    /// Pushes the dot.
    case dot
    /// Pushes a variable of the running template.
    case variable(slot: Int32)
    /// Pushes a constant.
    case constant(Int32)
    /// Pushes Go's invalid value, the absence of a value.
    case none
    /// Follows a path from the dot and pushes the result.
    case field(path: Int32)
    /// Follows a path from a variable.
    case variableField(slot: Int32, path: Int32)
    /// Follows a path from the top, and replaces it.
    case chainField(path: Int32)
    /// Replaces the top, which is the receiver of a method with arguments, with the method.
    case method(Int32)
    /// Calls the method that is beneath its arguments.
    case invoke(Int32)
    /// Replaces the top with the value in its interface.
    case unwrap
    /// Stores the top in a variable without popping it.
    case store(slot: Int32)
    case jump(Int32)
    /// Pops the top, and jumps if it is false.
    case jumpIfFalse(Int32)
    /// Pops the top. If it is true, it becomes the dot; otherwise jumps.
    case with(Int32)
    /// Restores the dot from before `with`.
    case endWith
    /// Pops the top and begins a loop over it. If it is empty, jumps to the else list.
    case range(Int32)
    /// Begins the next iteration, or continues after the loop.
    case next(body: Int32)
    /// Ends the innermost loop and jumps.
    case breakLoop(Int32)
    /// Jumps if the top decides an `and` or `or`, otherwise pops it. Notes the node.
    case decide(isOr: Bool, target: Int32, at: NodeIndex)
    /// Notes the node for messages of later instructions.
    case note(at: NodeIndex)
    /// Fails if the top does not fit the type of a parameter.
    case check(type: Int32, at: NodeIndex)
    /// Calls a built-in function with arguments on the stack.
    case call(Int32)
    /// Calls a function of a set.
    case callNative(Int32)
    /// Pops the top and runs another template with it.
    case template(Int32)
    /// Fails with a message that was determined during compilation.
    case fail(Int32)
    /// Ends a segment of `SegmentPlan`. It is not counted as a step.
    case pause
    /// Ends a template.
    case finish
}
