import Glibc
import PluginAPI
import Values

extension Compiler {
    /// Compiles a command, which leaves its value on the stack, outside of its interface. With `hasFinal`, the value
    /// before the pipe is on the stack and becomes the last argument.
    mutating func compileCommand(_ index: NodeIndex, hasFinal: Bool) {
        let first = nodes[Int(index)].first
        let node = nodes[Int(first)]
        let given = Arguments(first: node.next, count: count(from: node.next))
        switch node.kind {
        case .field:
            lastNode = first
            compilePath(
                node.start, node.length, given: given, hasFinal: hasFinal, unwraps: true, .dot
            ) { .field(path: $0) }
        case .chain:
            compileChain(first, given: given, hasFinal: hasFinal, unwraps: true)
        case .identifier:
            if compileFunction(first, shown: index, arguments: given, hasFinal: hasFinal) { emit(.unwrap) }
        case .pipe:
            if !given.isEmpty || hasFinal { return notAFunction(first) }
            compilePipe(first)
        case .variable:
            compileVariable(first, given: given, hasFinal: hasFinal, unwraps: true)
        default:
            lastNode = first
            if !given.isEmpty || hasFinal { return notAFunction(first) }
            switch node.kind {
            case .bool: emit(constant: .bool(node.flag))
            case .dot:
                emit(.dot)
                emit(.unwrap)
            case .number: compileNumber(node)
            case .string: emit(string: node.second)
            default: fail("nil is not a command", [])
            }
        }
    }

    /// The arguments of a call: consecutive nodes.
    private struct Arguments {
        var first: NodeIndex
        var count: Int
        var isEmpty: Bool { count == 0 }
        static let none = Arguments(first: Syntax.none, count: 0)
    }

    private func count(from first: NodeIndex) -> Int {
        var count = 0
        var index = first
        while index != Syntax.none {
            count += 1
            index = nodes[Int(index)].next
        }
        return count
    }

    private mutating func notAFunction(_ node: NodeIndex) {
        fail("can't give argument to non-function %s", [.text(syntax.text(of: node))])
    }

    /// Compiles a number whose type is determined by its notation.
    private mutating func compileNumber(_ node: Syntax.Node) {
        let number = syntax.numbers[Int(node.second)]
        if let complex = number.complex {
            emit(constant: .complex(complex.real, complex.imaginary))
        } else if number.isWrittenAsFloat, let float = number.float {
            emit(constant: .float64(float))
        } else if let int = number.int {
            emit(constant: .int(Int(int)))
        } else {
            fail("%s overflows int", [.text(written(node))])
        }
    }

    private func written(_ node: Syntax.Node) -> [UInt8] {
        Array(syntax.sources[source].bytes[Int(node.start)..<Int(node.start + node.length)])
    }

    // MARK: Fields and variables

    private mutating func compileVariable(
        _ index: NodeIndex, given: Arguments, hasFinal: Bool, unwraps: Bool
    ) {
        let node = nodes[Int(index)]
        lastNode = index
        let name = firstName(index)
        guard let slot = findVariable(index) else {
            return fail("undefined variable: %s", [writtenName(name)])
        }
        if Int(node.length) == name.count + 1 {
            if !given.isEmpty || hasFinal { return notAFunction(index) }
            emit(.variable(slot: slot))
            if unwraps { emit(.unwrap) }
            return
        }
        compilePath(
            Int32(name.upperBound), node.start + node.length - Int32(name.upperBound), given: given,
            hasFinal: hasFinal, unwraps: unwraps, .variable(slot: slot)
        ) { .variableField(slot: slot, path: $0) }
    }

    private mutating func compileChain(
        _ index: NodeIndex, given: Arguments, hasFinal: Bool, unwraps: Bool
    ) {
        let node = nodes[Int(index)]
        lastNode = index
        let inner = nodes[Int(node.first)]
        switch inner.kind {
        case .nilConstant:
            return fail("indirection through explicit nil in %s", [.text(syntax.text(of: index))])
        case .pipe:
            lastNode = node.first
            compilePipe(node.first)
        default:
            lastNode = node.first
            _ = compileFunction(node.first, shown: node.first, arguments: nil, hasFinal: false)
        }
        compilePath(
            node.start, node.length, given: given, hasFinal: hasFinal, unwraps: unwraps, nil
        ) { .chainField(path: $0) }
    }

    /// - Parameters:
    ///   - start, length: the range of `.a.b` in the source.
    ///   - given: the arguments after it. If there are any, the last name is a method.
    ///   - receiver: pushes the value at which the path begins; nil if it is already on the stack.
    private mutating func compilePath(
        _ start: Int32, _ length: Int32, given: Arguments, hasFinal: Bool, unwraps: Bool,
        _ receiver: Instruction?, _ instruction: (Int32) -> Instruction
    ) {
        let path = names(start: literalStart + Int(start), length: Int(length))
        guard !given.isEmpty || hasFinal else {
            emit(instruction(Int32(parts.paths.count)))
            parts.paths.append(
                .init(
                    first: path.first, count: path.count, at: lastNode, unwraps: unwraps,
                    origin: origin(of: path)))
            return
        }
        if path.count > 1 {
            emit(instruction(Int32(parts.paths.count)))
            let shorter = (path.first, path.count - 1)
            parts.paths.append(
                .init(
                    first: path.first, count: path.count - 1, at: lastNode, origin: origin(of: shorter)))
        } else if let receiver {
            emit(receiver)
        }
        let index = Int32(parts.methodCalls.count)
        var call = Program.MethodCall(
            name: path.first + path.count - 1, count: Int32(given.count), hasFinal: hasFinal, at: lastNode,
            unwraps: unwraps, arguments: [])
        var argument = given.first
        while argument != Syntax.none {
            call.arguments.append(argument)
            argument = nodes[Int(argument)].next
        }
        parts.methodCalls.append(call)
        emit(.method(index))
        let node = lastNode
        for argument in call.arguments { compileArgument(argument, as: .any) }
        lastNode = node
        emit(.invoke(index))
    }

    /// Returns the names of `.a.b`, which is at that offset in the literals. Equal paths share their names, and equal
    /// names share a string.
    private mutating func names(start: Int, length: Int) -> (first: Int32, count: Int32) {
        let base = UnsafePointer(parts.literals.base)
        let new = Int32(sharedPaths.count)
        if let known = knownPaths.value(of: base, start: start, length: length, orStore: new) {
            return sharedPaths[Int(known)]
        }
        let first = Int32(parts.names.count)
        var nameStart = start + 1
        let end = start + length
        while nameStart <= end {
            let dot = memchr(base + nameStart, Int32(UInt8(ascii: ".")), end - nameStart)
            let nameEnd = dot.map { UnsafeRawPointer($0) - UnsafeRawPointer(base) } ?? end
            let size = nameEnd - nameStart
            let next = Int32(parts.names.count)
            if let known = knownNames.value(of: base, start: nameStart, length: size, orStore: next) {
                parts.names.append(parts.names[Int(known)])
            } else {
                parts.names.append(.init(UnsafeBufferPointer(start: base + nameStart, count: size)))
            }
            nameStart += size + 1
        }
        let path = (first, Int32(parts.names.count) - first)
        sharedPaths.append(path)
        return path
    }

    /// Returns whether the value of a path from the root may be tainted.
    private func origin(of path: (first: Int32, count: Int32)) -> Origin {
        guard let taint else { return .tainted }
        let names = (path.first..<path.first + path.count).map { parts.names[Int($0)].text }
        return taint.extent(of: names) == .nothing ? .clean : .tainted
    }

    // MARK: Calls

    /// - Parameters:
    ///   - shown: the node that an error of the call shows.
    ///   - arguments: nil if the function is itself an argument, without any of its own.
    /// - Returns: whether the result may be in an interface.
    private mutating func compileFunction(
        _ index: NodeIndex, shown: NodeIndex, arguments: Arguments?, hasFinal: Bool
    ) -> Bool {
        lastNode = index
        let node = nodes[Int(index)]
        let given = arguments ?? .none
        let count = given.count + (hasFinal ? 1 : 0)
        guard let function = entry(node.second) else {
            fail("%q is not a defined function", [.text(written(node))])
            return false
        }
        let wanted = function.parameterCount
        if function.isVariadic {
            let fixed = wanted - 1
            if count < fixed {
                fail(
                    "wrong number of args for %s: want at least %d got %d",
                    [
                        .text(written(node)), .int(fixed), .int(given.count),
                    ])
                return false
            }
        } else if count != wanted {
            fail(
                "wrong number of args for %s: want %d got %d",
                [
                    .text(written(node)), .int(wanted), .int(count),
                ])
            return false
        }
        if case .builtin(let builtin) = function.kind, builtin == .and || builtin == .or {
            compileDecision(isOr: builtin == .or, given, hasFinal: hasFinal)
            return true
        }
        var argument = given.first
        var position = 0
        while argument != Syntax.none {
            compileArgument(argument, as: function.checks ? function.parameter(at: position) : .any)
            argument = nodes[Int(argument)].next
            position += 1
        }
        var call = Program.Call(builtin: .call, count: Int32(count), hasFinal: hasFinal, node: shown)
        if hasFinal, function.checks {
            let type = function.parameter(at: count - 1)
            if case .type = type {
                // The value is beneath the arguments. Rotating it to the top lets it be checked as they are.
                emitRotation(Int32(count))
                emitCheck(type)
                call.hasFinal = false
            }
        }
        currentNode = shown
        switch function.kind {
        case .builtin(let builtin):
            call.builtin = builtin
            if builtin == .call, !given.isEmpty { call.calleeName = syntax.text(of: given.first) }
            emit(.call(Int32(parts.calls.count)))
        case .native(let native):
            call.function = self.index(of: native)
            emit(.callNative(Int32(parts.calls.count)))
        }
        parts.calls.append(call)
        return function.isBoxed
    }

    /// Returns the function at that index of the syntax.
    private mutating func entry(_ index: NodeIndex) -> FunctionTable.Entry? {
        if let known = entries[Int(index)] { return known }
        let entry = functionTable[syntax.functions[Int(index)]]
        entries[Int(index)] = entry
        return entry
    }

    private mutating func emitRotation(_ count: Int32) {
        if count > 1 { emit(.rotate(count)) }
    }

    /// Compiles `and` and `or`: arguments are evaluated until one decides. If none does, the last one is the result.
    private mutating func compileDecision(isOr: Bool, _ given: Arguments, hasFinal: Bool) {
        var decisions = Compiler.noJump
        var argument = given.first
        while argument != Syntax.none {
            compileArgument(argument, as: .reflected)
            argument = nodes[Int(argument)].next
            if argument != Syntax.none || hasFinal {
                decisions = emit(pending: .decide(isOr: isOr, target: decisions, at: lastNode))
            } else if lastNode >= 0 {
                emit(.note(at: lastNode))
            }
        }
        if hasFinal, !given.isEmpty {
            let end = emit(pending: .jump(Compiler.noJump))
            patch(decisions)
            emit(.dropBelow)
            patch(end)
        } else {
            patch(decisions)
        }
        if !given.isEmpty { lastNode = -1 }
    }

    private mutating func compileArgument(_ index: NodeIndex, as type: ParameterType) {
        lastNode = index
        let node = nodes[Int(index)]
        switch node.kind {
        case .dot: emit(.dot)
        case .nilConstant:
            if case .type(let type) = type, !type.kind.canBeNil {
                return fail("cannot assign nil to %s", [.string(type.name)])
            }
            return emit(.none)
        case .field:
            compilePath(
                node.start, node.length, given: .none, hasFinal: false, unwraps: false, .dot
            ) { .field(path: $0) }
        case .variable: compileVariable(index, given: .none, hasFinal: false, unwraps: false)
        case .pipe: compilePipe(index)
        case .identifier: _ = compileFunction(index, shown: index, arguments: nil, hasFinal: false)
        case .chain: compileChain(index, given: .none, hasFinal: false, unwraps: false)
        default: return compileLiteral(index, node, as: type)
        }
        emitCheck(type)
    }

    private mutating func emitCheck(_ type: ParameterType) {
        guard case .type(let type) = type else { return }
        emit(.check(type: self.index(of: type), at: lastNode))
    }

    /// Compiles a literal. It takes the type of its parameter, as Go's untyped constants do.
    private mutating func compileLiteral(_ index: NodeIndex, _ node: Syntax.Node, as parameter: ParameterType)
    {
        guard case .type(let type) = parameter, type.kind != .interface else {
            switch node.kind {
            case .bool: emit(constant: .bool(node.flag))
            case .number: compileNumber(node)
            default: emit(string: node.second)
            }
            return
        }
        let number = node.kind == .number ? syntax.numbers[Int(node.second)] : nil
        var wanted = ""
        switch type.kind {
        case .bool:
            if node.kind == .bool { return emit(constant: .bool(node.flag)) }
            wanted = "bool"
        case .string:
            if node.kind == .string { return emit(string: node.second) }
            wanted = "string"
        case .int, .int8, .int16, .int32, .int64:
            if let int = number?.int { return emit(constant: .signed(int, as: type)) }
            wanted = "integer"
        case .uint, .uint8, .uint16, .uint32, .uint64:
            if let uint = number?.uint { return emit(constant: .unsigned(type, uint)) }
            wanted = "unsigned integer"
        case .float32, .float64:
            if let float = number?.float {
                return emit(constant: type.kind == .float32 ? .float32(Float(float)) : .float64(float))
            }
            wanted = "float"
        case .complex128:
            if let complex = number?.complex {
                return emit(constant: .complex(complex.real, complex.imaginary))
            }
            wanted = "complex"
        default:
            return fail(
                "can't handle %s for arg of type %s",
                [
                    .text(syntax.text(of: index)), .string(type.name),
                ])
        }
        fail("expected \(wanted); found %s", [.text(syntax.text(of: index))])
    }
}

extension GoValue {
    /// Returns a signed integer of a type.
    static func signed(_ number: Int64, as type: GoType) -> GoValue {
        switch type.name {
        case "int": .int(Int(number))
        case "int64": .int64(number)
        default: .signed(type, number)
        }
    }
}
