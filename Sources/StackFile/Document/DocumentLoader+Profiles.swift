extension DocumentLoader {
    /// Removes the services of which no profile is active, and the `profiles` of those that stay.
    mutating func removeInactiveServices(from root: inout Node, active: Set<String>) {
        guard var services = root["services"], services.isMapping else { return }
        var inactive: [String: [String]] = [:]
        for entry in services.entries {
            let profiles = profiles(of: entry.value)
            if !profiles.isEmpty, !active.contains("*"), active.isDisjoint(with: profiles) {
                inactive[entry.key] = profiles
            }
        }
        services.entries = services.entries.filter { inactive[$0.key] == nil }.map { entry in
            var entry = entry
            entry.value.remove("profiles")
            checkDependencies(of: &entry.value, inactive)
            return entry
        }
        root.set("services", to: services, keyLocation: services.location)
    }

    private mutating func profiles(of service: Node) -> [String] {
        guard let list = service["profiles"] else { return [] }
        return list.items.compactMap { item in
            guard case .scalar(let text, _) = item.content else {
                diagnostics.error(at: item.location, "`profiles` lists names, and this is \(item.kind)")
                return nil
            }
            return plainText(text, at: item.location, as: "`profiles`")
        }
    }

    /// A dependency on what is not there is a fault that names the profile, or dropped where it is not required.
    private mutating func checkDependencies(of service: inout Node, _ inactive: [String: [String]]) {
        guard !inactive.isEmpty, let dependencies = service["depends_on"], let names = dependencies.nameEntries else {
            return
        }
        var dropped: Set<String> = []
        for entry in names {
            guard let profiles = inactive[entry.key] else { continue }
            dropped.insert(entry.key)
            if entry.value["required"]?.text == "false" { continue }
            let words = profiles.map { "`\($0)`" }.joined(separator: ", ")
            diagnostics.error(
                at: entry.keyLocation, "`\(entry.key)` is only there with the profile \(words)",
                remedy: "activate it with `--profile \(profiles[0])`, or give this service that profile too")
        }
        // What is reported here would otherwise be reported again, as a service that there is not.
        guard !dropped.isEmpty else { return }
        var remaining = dependencies
        switch dependencies.content {
        case .sequence(let items):
            remaining.content = .sequence(items.filter { $0.text.map(dropped.contains) != true })
        case .mapping(let entries):
            remaining.entries = entries.filter { !dropped.contains($0.key) }
        case .null, .scalar:
            break
        }
        service.set("depends_on", to: remaining, keyLocation: dependencies.location)
    }
}
