import StackModel
import Testing

@testable import StackFile

/// Loads one file, `stack.yaml` in the directory `/srv/shop`.
func load(_ yaml: String, environment: [String: String] = [:]) -> StackFile.LoadResult {
    StackFile.load(
        files: ["/srv/shop/stack.yaml"], environment: environment,
        from: MemoryFileSystem(["/srv/shop/stack.yaml": yaml]), in: "/")
}

/// The faults of a file as people read them, each as `LINE:COLUMN: error: …` without the excerpt of the source.
func faults(_ yaml: String) -> [String] {
    load(yaml).diagnostics.map(withoutExcerpt)
}

func withoutExcerpt(_ diagnostic: Diagnostic) -> String {
    var short = diagnostic
    short.sourceLine = nil
    return short.text.replacing("/srv/shop/stack.yaml:", with: "")
}

/// A file with one service `web`, whose keys begin in line 3, column 5; a command is added where there is none.
func file(_ keys: String) -> String {
    let lines = keys.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
    let hasCommand = lines.contains { $0.hasPrefix("    command:") || $0.hasPrefix("    entrypoint:") }
    let command = hasCommand ? "" : "\n    command: [serve]"
    return "services:\n  web:\n" + lines.joined(separator: "\n") + command + "\n"
}

/// The service of a file with these keys, which must be without a fault.
func service(
    _ keys: String, environment: [String: String] = [:], sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws -> ServiceSpec {
    let result = load(file(keys), environment: environment)
    #expect(result.diagnostics.map(\.text) == [], sourceLocation: sourceLocation)
    return try #require(result.spec?.services.first, sourceLocation: sourceLocation)
}

/// As `service`, of one that has a readiness.
func provenService(
    _ keys: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws -> ServiceSpec {
    try service("probes: {readiness: {exec: [\"true\"]}}\n\(keys)", sourceLocation: sourceLocation)
}

/// The faults of a file with a service of these keys.
func serviceFaults(_ keys: String) -> [String] { faults(file(keys)) }

/// The services of a file that must be without an error, by name.
func services(
    _ yaml: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws -> [String: ServiceSpec] {
    let result = load(yaml)
    let spec = try #require(result.spec, "\(result.diagnostics.map(\.text))", sourceLocation: sourceLocation)
    return Dictionary(uniqueKeysWithValues: spec.services.map { ($0.name.text, $0) })
}
