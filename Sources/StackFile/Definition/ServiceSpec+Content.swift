import StackModel

/// What makes a service what it is.
extension ServiceSpec {
    /// Keys that no instance knows of: how many there are, and when and how they are started, restarted and replaced;
    /// and what it may use, which can be changed while it runs.
    private static let keysOutsideOfRevisions: Set = [
        "replicas", "autoscale", "resources", "rollout", "on_secret_change", "schedule", "develop",
    ]

    /// The hash of what the file says of what instances are.
    var definitionHash: Revision {
        let members = members { ["file": .plain($0.path)] }.filter { !Self.keysOutsideOfRevisions.contains($0.key) }
        return Revision(hashing: JSONValue.object(members).text)
    }

    /// As the resolved file has it, with what the daemon has found: where secrets are and the hashes of what is in them
    /// and in the executable.
    var content: JSONValue {
        let members = members { .present(["file": .plain($0.path), "digest": $0.digest.map { .plain($0) }]) }
        guard let executable else { return .object(members) }
        let file: JSONValue = ["path": .plain(executable.path), "digest": .plain(executable.digest)]
        return .object(members + [JSONValue.Member("executable", file)])
    }

    /// Those of the resolved file, where a service's secrets have no more than names.
    private func members(secret: (SecretSpec) -> JSONValue) -> [JSONValue.Member] {
        json.members.map { member in
            guard member.key == "secrets" else { return member }
            return JSONValue.Member("secrets", .object(secrets.map { .init($0.name, secret($0)) }))
        }
    }
}
