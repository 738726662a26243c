import Glibc
import TestSupport
import Testing

/// The files that `--output` and `--source-map` write.
@Suite struct OutputFileTests {
    private func render(_ options: [String], in folder: TemporaryFolder) -> (status: Int32, output: String) {
        folder.write("a{{.x}}", to: "t")
        let result = run(pillionBinary, ["render", "-t", "t", "--set", "x=1"] + options, in: folder.root)
        return (result.status, result.output)
    }

    @Test(arguments: ["-", "/dev/stdout"]) func mapOnStandardOutput(target: String) {
        let folder = TemporaryFolder()
        let alone = render(["-o", "out", "--source-map", target], in: folder)
        #expect(alone.status == 0)
        #expect(alone.output.hasPrefix("[\n") && alone.output.hasSuffix("]\n"))
        #expect(text(of: folder.root + "/out") == "a1")
        let beside = render(["--source-map", target], in: folder)
        #expect(beside.output == "a1\n" + alone.output)
    }

    /// Writes to a device, which stays a device; creates no other file.
    @Test func device() {
        #expect(render(["-o", "/dev/null"], in: TemporaryFolder()).status == 0)
        var information = stat()
        #expect(stat("/dev/null", &information) == 0 && information.st_mode & S_IFMT == S_IFCHR)
        #expect(entries(of: "/dev").allSatisfy { !$0.contains("pillion") })
    }

    @Test func linkStaysOne() {
        let folder = TemporaryFolder()
        folder.write("old", to: "file")
        #expect(symlink("file", folder.root + "/link") == 0)
        #expect(render(["-o", "link"], in: folder).status == 0)
        #expect(text(of: folder.root + "/file") == "a1")
        var information = stat()
        #expect(lstat(folder.root + "/link", &information) == 0 && information.st_mode & S_IFMT == S_IFLNK)
    }

    @Test(arguments: [0o600, 0o664, 0o755]) func modeStays(mode: mode_t) {
        let folder = TemporaryFolder()
        folder.write("old", to: "file")
        #expect(chmod(folder.root + "/file", mode) == 0)
        #expect(render(["-o", "file"], in: folder).status == 0)
        var information = stat()
        #expect(stat(folder.root + "/file", &information) == 0 && information.st_mode & 0o777 == mode)
    }

    /// An output that cannot be written is an error.
    @Test func fullDisk() {
        let folder = TemporaryFolder()
        folder.write("a", to: "t")
        let result = run(
            "/bin/sh", ["-c", "exec '\(pillionBinary)' render -t t > /dev/full"], in: folder.root)
        #expect(result.status == 1)
        #expect(result.errors == "pillion: standard output: No space left on device\n")
    }
}
