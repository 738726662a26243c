import CRendererABI

/// Why a template or its data is wrong, and where: line and column from 1, 0 where there is no place.
struct FieldError: Error {
    enum Kind: UInt32 {
        case parse = 1
        case execution = 2
        case limit = 3
    }

    var kind: Kind
    var message: String
    var line = 0
    var column = 0

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The same at a byte of the source.
    func at(_ offset: Int, of source: [UInt8]) -> FieldError {
        var error = self
        (error.line, error.column) = (1, 1)
        for byte in source.prefix(offset) {
            error.column += 1
            if byte == UInt8(ascii: "\n") { (error.line, error.column) = (error.line + 1, 1) }
        }
        return error
    }
}

/// A compiled template: literals and fields in the order of the source. Never changed once made.
final class FieldTemplate: Sendable {
    enum Piece {
        case literal(Range<Int>)
        /// The JSON pointer of the value, the columns it takes (0 for as many as it has), and on which side it stands.
        case field(pointer: [UInt8], width: Int, toTheRight: Bool, offset: Int)
    }

    let name: [UInt8]
    private let source: [UInt8]
    private let pieces: [Piece]

    /// A wider field would be an output of its own.
    private static let widest = 1000

    init(name: [UInt8], source: [UInt8]) throws(FieldError) {
        self.name = name
        self.source = source
        pieces = try Self.parse(source)
    }

    private static func parse(_ source: [UInt8]) throws(FieldError) -> [Piece] {
        let (open, close) = (UInt8(ascii: "{"), UInt8(ascii: "}"))
        var pieces: [Piece] = []
        var start = 0
        var index = 0
        while index < source.count {
            let byte = source[index]
            guard byte == open || byte == close else {
                index += 1
                continue
            }
            if index + 1 < source.count, source[index + 1] == byte {
                pieces.append(.literal(start..<index + 1))
                index += 2
                start = index
                continue
            }
            guard byte == open else {
                throw FieldError(.parse, "\"}\" closes nothing: write }} for a brace").at(index, of: source)
            }
            guard let end = source[index...].firstIndex(of: close) else {
                throw FieldError(.parse, "field is not closed: expected \"}\"").at(index, of: source)
            }
            if start < index { pieces.append(.literal(start..<index)) }
            pieces.append(try field(source[index + 1..<end], at: index, of: source))
            index = end + 1
            start = index
        }
        if start < source.count { pieces.append(.literal(start..<source.count)) }
        return pieces
    }

    /// `a.b`, `a.b:<8` or `a.b:>8`
    private static func field(
        _ text: ArraySlice<UInt8>, at offset: Int, of source: [UInt8]
    ) throws(FieldError) -> Piece {
        let parts = text.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        var pointer: [UInt8] = [UInt8(ascii: "/")]
        for byte in parts[0] { pointer.append(byte == UInt8(ascii: ".") ? UInt8(ascii: "/") : byte) }
        guard parts.count == 2 else {
            return .field(pointer: pointer, width: 0, toTheRight: false, offset: offset)
        }
        let side = parts[1].first
        guard side == UInt8(ascii: "<") || side == UInt8(ascii: ">"),
            let width = Int(String(decoding: parts[1].dropFirst(), as: UTF8.self)),
            (1...widest).contains(width)
        else {
            throw FieldError(.parse, "expected \"<\" or \">\" and a width up to \(widest) after the colon")
                .at(offset, of: source)
        }
        return .field(pointer: pointer, width: width, toTheRight: side == UInt8(ascii: ">"), offset: offset)
    }

    /// - Returns: false where the sink or poll asked to stop.
    func render(_ data: pillion_data, _ sink: pillion_sink) throws(FieldError) -> Bool {
        for piece in pieces {
            if sink.poll(sink.context, 1) != 0 { return false }
            switch piece {
            case .literal(let range): guard write(source[range], sink) else { return false }
            case .field(let pointer, let width, let toTheRight, let offset):
                guard let value = value(at: pointer, of: data) else {
                    throw FieldError(.execution, "the data has no value of that name").at(offset, of: source)
                }
                let blanks = [UInt8](repeating: UInt8(ascii: " "), count: max(0, width - value.count))
                if toTheRight, !write(blanks[...], sink) { return false }
                guard write(value[...], sink) else { return false }
                if !toTheRight, !write(blanks[...], sink) { return false }
            }
        }
        return true
    }

    private func value(at pointer: [UInt8], of data: pillion_data) -> [UInt8]? {
        pointer.withUnsafeBytes { pointer in
            var found = pillion_value()
            let name = pillion_text(
                data: pointer.baseAddress?.assumingMemoryBound(to: CChar.self), size: pointer.count)
            return data.find(data.context, name, &found) != 0 ? bytes(found.text) : nil
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>, _ sink: pillion_sink) -> Bool {
        bytes.withUnsafeBytes { bytes in
            sink.write(sink.context, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) == 0
        }
    }
}
