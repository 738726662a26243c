public import CRendererABI

// An engine in Swift over the C interface: `{name}` is a value, `{name:>10}` and `{name:<10}` the same within ten
// columns, `{{` and `}}` are braces. Fields.swift has the engine, this file what Pillion calls.
//
// The functions are exported by their C names; nothing of Swift crosses the border, so the library and the program
// need not be of one compiler. Texts of Pillion are copied, what is compiled is handed out as a retained reference.

@c(pillion_renderer_abi_version)
public func abiVersion() -> UInt32 { UInt32(PILLION_RENDERER_ABI_VERSION) }

/// Texts that live as long as the library.
private nonisolated(unsafe) let id = constant("fields")
private nonisolated(unsafe) let version = constant("1.0.0")

private func constant(_ text: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

@c(pillion_renderer_id)
public func engineID() -> UnsafePointer<CChar> { id }

private nonisolated(unsafe) let description: UnsafePointer<pillion_description> = {
    let record = UnsafeMutablePointer<pillion_description>.allocate(capacity: 1)
    record.initialize(to: pillion_description())
    record.pointee.struct_size = UInt32(MemoryLayout<pillion_description>.size)
    record.pointee.version = version
    return UnsafePointer(record)
}()

@c(pillion_renderer_describe)
public func describe() -> UnsafePointer<pillion_description> { description }

@c(pillion_renderer_compile)
public func compile(
    _ source: UnsafePointer<pillion_template>, _ reporter: UnsafePointer<pillion_reporter>,
    _ compiled: UnsafeMutablePointer<UnsafeMutableRawPointer?>
) -> Int32 {
    let source = source.pointee
    let entry = bytes(source.entry)
    for index in 0..<source.source_count {
        guard let record = source.sources?[index], bytes(record.name) == entry else { continue }
        do throws(FieldError) {
            let text = bytes(record.text)
            guard source.limits.source_bytes == 0 || UInt64(text.count) <= source.limits.source_bytes else {
                throw FieldError(.limit, "the source is too long")
            }
            let template = try FieldTemplate(name: entry, source: text)
            compiled.pointee = Unmanaged.passRetained(template).toOpaque()
            return PILLION_OK
        } catch {
            error.report(entry) { reporter.pointee.report(reporter.pointee.context, $0) }
            return PILLION_FAILED
        }
    }
    FieldError(.parse, "there is no such template").report(entry) {
        reporter.pointee.report(reporter.pointee.context, $0)
    }
    return PILLION_FAILED
}

@c(pillion_renderer_render)
public func render(
    _ compiled: UnsafeRawPointer, _ data: UnsafePointer<pillion_data>,
    _ limits: UnsafePointer<pillion_limits>,
    _ sink: UnsafePointer<pillion_sink>
) -> Int32 {
    let template = Unmanaged<FieldTemplate>.fromOpaque(compiled).takeUnretainedValue()
    do throws(FieldError) {
        return try template.render(data.pointee, sink.pointee) ? PILLION_OK : PILLION_STOPPED
    } catch {
        error.report(template.name) { sink.pointee.report(sink.pointee.context, $0) }
        return PILLION_FAILED
    }
}

@c(pillion_renderer_free)
public func free(_ compiled: UnsafeMutableRawPointer) {
    Unmanaged<FieldTemplate>.fromOpaque(compiled).release()
}

func bytes(_ text: pillion_text) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: text.data, count: text.size))
}

extension FieldError {
    /// Fills in a record for as long as the call.
    func report(_ name: [UInt8], _ body: (UnsafePointer<pillion_error>) -> Void) {
        var message = message
        message.withUTF8 { message in
            name.withUnsafeBufferPointer { name in
                var record = pillion_error()
                record.kind = kind.rawValue
                record.limit = kind == .limit ? 1 : 0
                record.line = UInt32(clamping: line)
                record.column = UInt32(clamping: column)
                record.source_name = text(name)
                record.message = text(message)
                body(&record)
            }
        }
    }

    private func text(_ bytes: UnsafeBufferPointer<UInt8>) -> pillion_text {
        pillion_text(
            data: UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self), size: bytes.count)
    }
}
