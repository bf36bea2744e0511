import ArgumentParser

/// `stackctl simulate`, with a file for each of its verbs.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try what stackd would do, without running anything.",
        examples: ["stackctl simulate autoscale backend --trace load.csv --capacity 200"],
        subcommands: [Autoscale.self])
}
