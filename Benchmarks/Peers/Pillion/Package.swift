// swift-tools-version: 6.2
import PackageDescription

// Pillion's mustache, for scripts/bench-peers.
let package = Package(
    name: "pillion-peer",
    dependencies: [.package(name: "pillion", path: "../../..")],
    targets: [
        .executableTarget(
            name: "pillion-peer", dependencies: [.product(name: "PillionMustache", package: "pillion")])
    ]
)
