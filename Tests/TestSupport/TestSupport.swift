import Glibc
import Values

/// The folder of Package.swift, derived from this file's path.
public let packageRoot: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
}()

/// The bytes of a file; nil if it cannot be read.
public func contents(of path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        guard count > 0 else { return bytes }
        bytes.append(contentsOf: chunk[..<count])
    }
}

/// The file as text; empty if it cannot be read.
public func text(of path: String) -> String {
    String(decoding: contents(of: path) ?? [], as: UTF8.self)
}

/// The sorted names in a folder; empty if it cannot be read.
public func entries(of folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// Whether golden files are rewritten instead of compared.
public let updatesGoldens: Bool = getenv("UPDATE_GOLDEN") != nil

/// Compares a text with its golden file; with `UPDATE_GOLDEN=1` writes it instead.
///
/// - Returns: the first difference; nil if they are equal.
public func compareGolden(_ actual: String, with path: String) -> String? {
    if updatesGoldens {
        guard let file = fopen(path, "wb") else { return "cannot write \(path)" }
        defer { fclose(file) }
        let bytes = Array(actual.utf8)
        return fwrite(bytes, 1, bytes.count, file) == bytes.count ? nil : "cannot write \(path)"
    }
    guard let bytes = contents(of: path) else { return "no golden \(path); UPDATE_GOLDEN=1 writes it" }
    let expected = String(decoding: bytes, as: UTF8.self)
    if expected == actual { return nil }
    let left = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let right = actual.split(separator: "\n", omittingEmptySubsequences: false)
    for index in 0..<max(left.count, right.count) {
        let want = index < left.count ? String(left[index]) : "(end)"
        let got = index < right.count ? String(right[index]) : "(end)"
        if want != got {
            return "\(path):\(index + 1): want \(want.debugDescription), got \(got.debugDescription)"
        }
    }
    return "\(path): they differ in bytes only"
}
