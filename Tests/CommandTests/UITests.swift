import Glibc
import TestSupport
import Testing
import Values

/// `pillion ui` starts a server for one manifest, prints its address, and opens a browser if there is a screen.
@Suite(.timeLimit(.minutes(5)))
struct UITests {
    private func start(_ arguments: [String], environment: [String: String] = [:]) throws -> (
        RunningProcess, UInt16
    ) {
        let server = try #require(
            RunningProcess(pillionBinary, ["ui"] + arguments, environment: environment))
        for _ in 0..<2_000 where !server.output.hasSuffix("/\n") { usleep(10_000) }
        let address = server.output
        #expect(address.hasPrefix("http://127.0.0.1:"), "\(address) \(server.errors)")
        let port = address.dropFirst("http://127.0.0.1:".count).prefix { $0.isNumber }
        return (server, try #require(UInt16(port)))
    }

    @Test func servesThePageAndItsManifest() throws {
        let folder = TemporaryFolder()
        folder.write("kind: Pod  # mine\n", to: "pod.yaml")
        let (server, port) = try start(["-f", folder.path("pod.yaml"), "-n", "shop", "--open=false"])
        let client = try #require(HTTPClient(port: port))
        let page = try #require(client.request("GET", "/"))
        #expect(page.status == 200 && page.text.hasPrefix("<!doctype html>"))
        let begin = try JSON.read(try #require(client.request("GET", "/page/start.json")).body)
        #expect(begin["manifest"]?.string == "kind: Pod  # mine\n")
        #expect(begin["name"]?.string == "pod.yaml" && begin["namespace"]?.string == "shop")
        #expect(server.end() == 0, "\(server.errors)")
    }

    @Test func opensTheAddressWhereThereIsAScreen() throws {
        let folder = TemporaryFolder()
        folder.write("#!/bin/sh\nprintf %s \"$1\" > \"$(dirname \"$0\")/opened\"\n", to: "xdg-open")
        chmod(folder.path("xdg-open"), 0o755)
        let environment = ["PATH": folder.root + ":/usr/bin:/bin", "DISPLAY": ":0"]
        let (server, port) = try start([], environment: environment)
        for _ in 0..<500 where text(of: folder.path("opened")).isEmpty { usleep(10_000) }
        #expect(text(of: folder.path("opened")) == "http://127.0.0.1:\(port)/")
        server.end()
        folder.write("", to: "opened")
        let (quiet, _) = try start(["--open=false"], environment: environment)
        usleep(200_000)
        #expect(text(of: folder.path("opened")).isEmpty)
        quiet.end()
    }

    @Test func aScreenWithoutABrowserIsNoFailure() throws {
        let folder = TemporaryFolder()
        let (server, _) = try start([], environment: ["PATH": folder.root, "WAYLAND_DISPLAY": "w"])
        for _ in 0..<500 where !server.errors.contains("xdg-open") { usleep(10_000) }
        #expect(server.errors.contains("open the address in a browser"))
        #expect(server.end() == 0)
    }

    @Test func whatCannotBeShownIsSaid() {
        let missing = run(pillionBinary, ["ui", "-f", "/nosuch", "--open=false"])
        #expect(missing.status == 1 && missing.errors.contains("/nosuch"), "\(missing.errors)")
        let folder = TemporaryFolder()
        folder.write(String(repeating: "x", count: (3 << 20) + 1), to: "long")
        let long = run(pillionBinary, ["ui", "-f", folder.path("long"), "--open=false"])
        #expect(long.status == 1 && long.errors.contains("expected at most 3145728"), "\(long.errors)")
    }
}
