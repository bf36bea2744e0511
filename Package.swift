// swift-tools-version: 6.2
import PackageDescription

// The floors of the architecture (README, "How it works"): a target may depend on lower floors only.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "stackd",
    products: [
        .executable(name: "stackd", targets: ["stackd"]),
        .executable(name: "stackctl", targets: ["stackctl"]),
    ],
    dependencies: [],
    targets: [
        // Floor 1: values.
        .target(name: "StackModel", swiftSettings: strict),

        // Floor 2: decisions.
        .target(name: "SupervisorCore", dependencies: ["StackModel"], swiftSettings: strict),
        .testTarget(name: "SupervisorCoreTests", dependencies: ["StackModel", "SupervisorCore"], swiftSettings: strict),
    ]
)
