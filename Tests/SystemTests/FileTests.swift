import Glibc
import TestSupport
import Testing

@testable import System

@Suite struct FileTests {
    private func error(_ body: () throws -> Void) -> String? {
        do { try body() } catch { return (error as? FileError)?.reason }
        return nil
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 200_000])
    func contentsAtTheLimit(_ size: Int) throws {
        let folder = TemporaryFolder()
        let path = folder.path("file")
        let bytes = [UInt8](repeating: 0x61, count: size)
        try File.write(bytes, to: path)
        #expect(try File.contents(of: path, atMost: size) == bytes)
        #expect(try File.contents(of: path, atMost: size + 1) == bytes)
        if size > 0 {
            #expect(
                error { _ = try File.contents(of: path, atMost: size - 1) }
                    == "is longer than \(size - 1) bytes")
            #expect(try File.beginning(of: path, atMost: size - 1).count == size - 1)
        }
    }

    @Test func whatIsNoFileSaysWhy() throws {
        let folder = TemporaryFolder()
        #expect(
            error { _ = try File.contents(of: folder.path("none"), atMost: 1) } == "No such file or directory"
        )
        #expect(
            error { _ = try File.contents(of: folder.root, atMost: 1) }
                == "is a directory, expected a regular file")
    }

    /// A FIFO without a writer must not block, and /dev/zero must not be read.
    @Test func whatIsNotARegularFileIsRefused() throws {
        let folder = TemporaryFolder()
        let fifo = folder.path("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(
            error { _ = try File.contents(of: fifo, atMost: 1) } == "is a FIFO, expected a regular file")
        for device in ["/dev/zero", "/dev/null"] {
            #expect(
                error { _ = try File.contents(of: device, atMost: 1) }
                    == "is a device, expected a regular file")
        }
        #expect(
            error { _ = try File.contents(of: "/dev/zero", atMost: 1, kind: .stream) }
                == "is a device, expected a file, a pipe or a terminal")
        #expect(try File.contents(of: "/dev/null", atMost: 1, kind: .stream).isEmpty)
    }

    @Test func aPipeIsReadForACommand() throws {
        let folder = TemporaryFolder()
        let fifo = folder.path("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        let writer = Glibc.open(fifo, O_RDWR)
        defer { close(writer) }
        #expect(Glibc.write(writer, "ab", 2) == 2)
        #expect(
            error { _ = try File.contents(of: "/dev/fd/\(writer)", atMost: 1, kind: .stream) }
                == "is longer than 1 bytes")
    }

    /// A file that is too long is not read.
    @Test func aSparseFileIsRefusedAtOnce() throws {
        let folder = TemporaryFolder()
        try File.write([], to: folder.path("sparse"))
        #expect(truncate(folder.path("sparse"), 10 << 30) == 0)
        #expect(
            error { _ = try File.contents(of: folder.path("sparse"), atMost: 1 << 20) }
                == "is longer than 1048576 bytes")
    }

    @Test func writingKeepsLinksAndModes() throws {
        let folder = TemporaryFolder()
        try File.write(Array("old".utf8), to: folder.path("file"))
        #expect(chmod(folder.path("file"), 0o640) == 0)
        #expect(symlink("file", folder.path("link")) == 0)
        try File.write(Array("new".utf8), to: folder.path("link"))
        #expect(try File.contents(of: folder.path("file"), atMost: 10) == Array("new".utf8))
        var information = stat()
        #expect(stat(folder.path("file"), &information) == 0 && information.st_mode & 0o777 == 0o640)
        #expect(try Folder.names(in: folder.root) == ["file", "link"])
    }

    @Test func linesComeOneByOne() throws {
        let folder = TemporaryFolder()
        let path = folder.path("lines")
        try File.write(Array("a\n\nbc\nlast".utf8), to: path)
        var lines: [String] = []
        try File.forEachLine(of: path, atMost: 4, failure: { $0 as any Error }) {
            lines.append(String(decoding: $0, as: UTF8.self))
        }
        #expect(lines == ["a", "", "bc", "last"])
        #expect(
            error { try File.forEachLine(of: path, atMost: 3, failure: { $0 as any Error }) { _ in } }
                == "a line is longer than 3 bytes")
    }

    @Test func foldersHaveALimit() throws {
        let folder = TemporaryFolder()
        for name in ["b", "a", ".hidden", "c.so"] { try File.touch(folder.path(name)) }
        #expect(try Folder.names(in: folder.root, atMost: 3) == ["a", "b", "c.so"])
        #expect(try Folder.names(in: folder.root, atMost: 1) { $0.hasSuffix(".so") } == ["c.so"])
        #expect(error { _ = try Folder.names(in: folder.root, atMost: 2) } == "holds more than 2 files")
        #expect(error { _ = try Folder.names(in: folder.path("none")) } == "No such file or directory")
    }

    @Test func entriesOfAFolderHaveTheirKind() throws {
        let folder = TemporaryFolder()
        for name in ["b", "é", "B", ".hidden", "b.yaml"] { try File.touch(folder.path(name)) }
        try Folder.make(folder.path("a"))
        #expect(symlink("a", folder.path("to-folder")) == 0 && symlink("b", folder.path("to-file")) == 0)
        #expect(symlink("none", folder.path("to-nothing")) == 0)
        let entries = try Folder.entries(in: folder.root)
        #expect(
            entries.map(\.name) == [
                ".hidden", "B", "a", "b", "b.yaml", "to-file", "to-folder", "to-nothing", "é",
            ])
        #expect(entries.filter(\.isFolder).map(\.name) == ["a", "to-folder"])
        #expect(error { _ = try Folder.entries(in: folder.root, atMost: 8) } == "holds more than 8 files")
    }
}
