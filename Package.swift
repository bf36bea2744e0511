// swift-tools-version: 6.2
import PackageDescription

// The floors of the architecture (README, "How it works"): a target depends on lower floors only.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func nio(_ names: String...) -> [Target.Dependency] {
    names.map { .product(name: $0, package: "swift-nio") }
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "stackd",
    products: [
        .executable(name: "stackd", targets: ["stackd"]),
        .executable(name: "stackctl", targets: ["stackctl"]),
    ],
    dependencies: [
        // Without traits, here and where they are shared, Foundation's internationalisation stays out of the programs.
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: floors.flatMap { $0 }
)

// Written as a computed property because the manifest is evaluated from top to bottom.
var floors: [[Target]] { [floor0, floor1, floor2, floor3, floor4, floor5, workloads] }

/// The system.
var floor0: [Target] {
    [
        .target(name: "CLinux"),
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLibSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
    ]
}

/// Values.
var floor1: [Target] {
    [
        .target(name: "StackModel", swiftSettings: strict),
        .testTarget(name: "StackModelTests", dependencies: ["StackModel"], swiftSettings: strict),
    ]
}

/// Decisions.
var floor2: [Target] {
    [
        .target(name: "StackFile", dependencies: ["StackModel", "CLibYAML"], swiftSettings: strict),
        .target(name: "SupervisorCore", dependencies: ["StackModel"], swiftSettings: strict),
        .target(name: "ControlProtocol", dependencies: ["StackModel"], swiftSettings: strict),
        .testTarget(name: "StackFileTests", dependencies: ["StackFile", "StackModel"], swiftSettings: strict),
        .testTarget(
            name: "SupervisorCoreTests", dependencies: ["StackModel", "SupervisorCore"], swiftSettings: strict),
        .testTarget(
            name: "ControlProtocolTests", dependencies: ["ControlProtocol", "StackModel"], swiftSettings: strict),
    ]
}

/// The world, real and simulated.
var floor3: [Target] {
    [
        .target(
            name: "SupervisorSimulation", dependencies: ["StackModel", "SupervisorCore", heap, deque],
            swiftSettings: strict),
        .target(name: "LinuxRuntime", dependencies: ["CLinux", "CLibSystemd", "CZlib"], swiftSettings: strict),
        .target(
            name: "ControlServer",
            dependencies: ["ControlProtocol", "StackModel", hummingbirdCore, httpTypes, nioHTTPTypes, logging]
                + nio("NIOCore", "NIOPosix", "NIOHTTP1"),
            swiftSettings: strict),
        .target(
            name: "ControlClient",
            dependencies: ["ControlProtocol", "StackModel"] + nio("NIOCore", "NIOPosix", "NIOHTTP1"),
            swiftSettings: strict),
        .testTarget(
            name: "SupervisorSimulationTests", dependencies: ["SupervisorSimulation", "SupervisorCore", "StackModel"],
            exclude: ["Mutations"], swiftSettings: strict),
        .testTarget(name: "LinuxRuntimeTests", dependencies: ["LinuxRuntime", "CLinux"], swiftSettings: strict),
        .testTarget(
            name: "ControlServerTests",
            dependencies: ["ControlServer", "ControlClient", "ControlProtocol", "StackModel", httpTypes]
                + nio("NIOCore", "NIOEmbedded", "NIOHTTP1", "NIOPosix"),
            swiftSettings: strict),
        .testTarget(
            name: "ControlClientTests",
            dependencies: ["ControlClient", "ControlProtocol", "StackModel"] + nio("NIOCore", "NIOPosix", "NIOHTTP1"),
            swiftSettings: strict),
    ]
}

/// The daemon and the command line.
var floor4: [Target] {
    [
        .target(
            name: "DaemonKit",
            dependencies: [
                "StackModel", "StackFile", "SupervisorCore", "LinuxRuntime", "ControlProtocol", "ControlServer",
                argumentParser, logging,
            ], swiftSettings: strict),
        .target(
            name: "CommandKit",
            dependencies: [
                "StackModel", "StackFile", "SupervisorCore", "ControlProtocol", "ControlClient", argumentParser,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DaemonKitTests",
            dependencies: [
                "DaemonKit", "StackModel", "SupervisorCore", "ControlProtocol", "ControlServer", "LinuxRuntime",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "CommandKitTests",
            dependencies: [
                "CommandKit", "ControlProtocol", "ControlClient", "ControlServer", "StackFile", "StackModel",
                "SupervisorCore", argumentParser,
            ],
            swiftSettings: strict),
    ]
}

/// The programs.
var floor5: [Target] {
    [
        .executableTarget(name: "stackd", dependencies: ["DaemonKit"], swiftSettings: strict),
        .executableTarget(name: "stackctl", dependencies: ["CommandKit"], swiftSettings: strict),
        .executableTarget(
            name: "simulate", dependencies: ["SupervisorSimulation", argumentParser], swiftSettings: strict),
    ]
}

/// The development stack's own programs, which know nothing of the floors above values.
var workloads: [Target] {
    [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "BlockingIO", dependencies: nio("NIOPosix"), swiftSettings: strict),
        .target(
            name: "WorkloadKit",
            dependencies: [
                "BlockingIO", hummingbird, hummingbirdCore, lifecycle, unixSignals, logging, httpTypes, nioHTTPTypes,
            ] + nio("NIOCore", "NIOPosix"), swiftSettings: strict),
        .target(name: "PostgresPool", dependencies: ["CLibPQ"] + nio("NIOPosix"), swiftSettings: strict),
        .target(
            name: "ModelContextProtocol", dependencies: ["BlockingIO"] + nio("NIOPosix"), swiftSettings: strict),
        .executableTarget(
            name: "shop-backend",
            dependencies: ["WorkloadKit", "PostgresPool", hummingbird, httpTypes, logging] + nio("NIOCore"),
            swiftSettings: strict),
        .executableTarget(
            name: "shop-gateway",
            dependencies: ["WorkloadKit", lifecycle, logging]
                + nio("NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket"),
            swiftSettings: strict),
        .executableTarget(
            name: "mcp-database", dependencies: ["WorkloadKit", "ModelContextProtocol", "PostgresPool", lifecycle],
            swiftSettings: strict),
        .executableTarget(
            name: "mcp-stack",
            dependencies: ["WorkloadKit", "ModelContextProtocol", hummingbird, httpTypes, logging]
                + nio("NIOCore", "NIOPosix", "NIOHTTP1"),
            swiftSettings: strict),
        .testTarget(
            name: "WorkloadTests",
            dependencies: ["WorkloadKit", "ModelContextProtocol", "PostgresPool", "shop-gateway"]
                + nio("NIOCore", "NIOWebSocket"),
            swiftSettings: strict),
    ]
}
