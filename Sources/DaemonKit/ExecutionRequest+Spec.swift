import ControlProtocol
import StackModel

extension ExecutionRequest {
    /// The service with what the request has in place of, and over, its own.
    func applied(to spec: ServiceSpec) -> ServiceSpec {
        var spec = spec
        if !command.isEmpty { spec.process.command = command.map { Template($0) } }
        if let user {
            // As in the stack file: `name`, or `name:group`.
            let parts = user.split(separator: ":", maxSplits: 1).map(String.init)
            spec.process.user = parts.first
            spec.process.group = parts.count == 2 ? parts[1] : nil
        }
        if let workingDirectory { spec.process.workingDirectory = Template(workingDirectory) }
        spec.process.environment.removeAll { environment[$0.name] != nil }
        spec.process.environment += environment.sorted { $0.key < $1.key }.map {
            EnvironmentVariable(name: $0.key, value: Template($0.value))
        }
        return spec
    }

    /// Refuses what contradicts itself.
    /// - Throws: `bad_request`.
    func check() throws(ControlProblem) {
        if detach, terminal != nil || input {
            throw .badRequest("a detached command has nobody at its terminal or input: leave out detach, or the others")
        }
        if let user, user.split(separator: ":", omittingEmptySubsequences: false).contains("") {
            throw .badRequest("user: expected a name or a number, perhaps with a group: `shop`, `1000`, `shop:web`")
        }
    }

    /// The command as people read it, not longer than a line.
    static func words(_ command: [String]) -> String {
        let text = command.joined(separator: " ").split(whereSeparator: \.isNewline).joined(separator: " ")
        return text.count <= 80 ? "`\(text)`" : "`\(text.prefix(79))…`"
    }
}
