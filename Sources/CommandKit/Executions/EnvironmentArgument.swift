import ArgumentParser

/// `NAME=VALUE`, or `NAME` alone, which passes on what stackctl itself has, as Compose does.
struct EnvironmentArgument: ExpressibleByArgument, Hashable, Sendable {
    var name: String
    var value: String?

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, !name.isEmpty else { return nil }
        self.name = name
        value = parts.count == 2 ? parts[1] : nil
    }

    /// The variables, later ones over earlier ones; what is to be passed on and is not there is left out.
    static func variables(of arguments: [EnvironmentArgument], own: [String: String]) -> [String: String] {
        var result: [String: String] = [:]
        for argument in arguments { result[argument.name] = argument.value ?? own[argument.name] }
        return result
    }
}
