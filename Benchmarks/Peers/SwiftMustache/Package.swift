// swift-tools-version: 6.2
import PackageDescription

// swift-mustache, for scripts/bench-peers. It does not depend on Pillion's package, because both have a module Mustache.
// The folder Values is a link to Pillion's sources, which parse the data.
let package = Package(
    name: "swift-mustache-peer",
    dependencies: [.package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1")],
    targets: [
        .target(
            name: "Values",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
        .executableTarget(
            name: "swift-mustache-peer",
            dependencies: ["Values", .product(name: "Mustache", package: "swift-mustache")]),
    ]
)
