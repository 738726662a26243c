import Glibc
import Values

struct InputError: Error, CustomStringConvertible {
    let description: String
}

/// Measures one engine. Arguments: TEMPLATE DATA.json SAMPLES FOLDER.
///
/// Prints its name, the minimum and the median CPU time of a rendering in µs, separated by tabs, and writes the output to
/// FOLDER/NAME.out. `prepare` compiles the template and returns a function that renders, and the bytes of one output.
/// Compiling and parsing the data are not measured; allocating the output is.
func measurePeer(
    _ name: String,
    _ prepare: (_ template: [UInt8], _ data: Value) throws -> (
        render: () throws -> Void, output: () throws -> [UInt8]
    )
) -> Int32 {
    let arguments = CommandLine.arguments
    guard arguments.count == 5, let count = Int(arguments[3]), count > 0 else {
        complain("usage: \(name) TEMPLATE DATA.json SAMPLES FOLDER")
        return 2
    }
    do {
        let peer = try prepare(try read(arguments[1]), try JSON.read(try read(arguments[2])))
        try write(try peer.output(), to: "\(arguments[4])/\(name).out")
        var samples: [Int] = []
        for _ in 0..<count {
            let start = cpuNanoseconds()
            try peer.render()
            samples.append(cpuNanoseconds() - start)
        }
        samples.sort()
        print("\(name)\t\(samples[0] / 1000)\t\(samples[count / 2] / 1000)")
        return 0
    } catch {
        complain("\(name): \(error)")
        return 1
    }
}

/// CPU time of this thread.
func cpuNanoseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
}

func read(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw InputError(description: "\(path) cannot be read") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}

func write(_ bytes: [UInt8], to path: String) throws {
    guard let file = fopen(path, "wb") else { throw InputError(description: "\(path) cannot be written") }
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count else {
        throw InputError(description: "\(path) cannot be written whole")
    }
}

func complain(_ message: String) {
    var line = message + "\n"
    line.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
}
