/// How Compose lays one file over another, and a service over the one that it extends.
///
/// Mappings are merged, lists appended without repeating a value, single values replaced. A list that is one whole, as
/// a command is, is replaced; what has a list form and a mapping form is merged as a mapping; `!reset` and `!override`
/// have their way.
struct Merge {
    /// The tags by the places of the values that have them.
    let tags: [SourceLocation: MergeTag]

    /// What a value is, as far as it decides how it is merged.
    private enum Role {
        case root
        case services
        case service
        case probes
        case probe
        case schedule
        /// `environment` and `labels`: `[A=1]` and `{A: 1}`.
        case variables
        /// `depends_on`: `[db]` and `{db: {}}`.
        case names
        /// `env_file` and the like: `a` and `[a]`.
        case list
        case command
        case other

        func role(of key: String) -> Role {
            switch (self, key) {
            case (.root, "services"): .services
            case (.services, _): .service
            case (.service, "probes"): .probes
            case (.probes, _): .probe
            case (.service, "schedule"): .schedule
            case (.service, "environment"), (.service, "labels"): .variables
            case (.service, "depends_on"): .names
            case (.service, "env_file"), (.service, "profiles"), (.service, "group_add"): .list
            case (.root, _), (.variables, _), (.names, _): .other
            case (_, "command"), (_, "entrypoint"), (_, "exec"), (_, "test"), (_, "pre_stop"),
                (_, "stdio"), (_, "steps"), (_, "metrics"), (_, "policies"):
                .command
            default: .other
            }
        }
    }

    /// A whole file over those before it.
    func root(_ base: Node, with override: Node) -> Node { merged(base, override, .root) }

    /// A service over the one that it extends; its own tag is about the files before, not about that one.
    func service(_ base: Node, with override: Node) -> Node {
        Node(.mapping(mergedEntries(base.entries, override.entries, .service)), at: override.location)
    }

    private func merged(_ base: Node, _ override: Node, _ role: Role) -> Node {
        guard tags[override.location] == nil, tags[base.location] != .reset else { return override }
        if override.isNull { return base }
        if let (baseEntries, overrideEntries) = entries(of: base, and: override, role) {
            let merged = mergedEntries(baseEntries, overrideEntries, role)
            return Node(.mapping(merged), at: override.location)
        }
        switch (base.content, override.content, role) {
        case (.sequence(let first), .sequence(let second), let role) where role != .command:
            return Node(.sequence(Self.appended(first, second)), at: override.location)
        case (_, _, .list):
            return Node(.sequence(Self.appended(base.items, override.items)), at: override.location)
        default:
            return override
        }
    }

    /// Both values as mappings; nil where they are not to be merged as such.
    private func entries(of base: Node, and override: Node, _ role: Role) -> ([Node.Entry], [Node.Entry])? {
        switch role {
        case .variables:
            guard let first = base.variableEntries, let second = override.variableEntries else { return nil }
            return (first, second)
        case .names:
            guard let first = base.nameEntries, let second = override.nameEntries else { return nil }
            return (first, second)
        default:
            return base.isMapping && override.isMapping ? (base.entries, override.entries) : nil
        }
    }

    private func mergedEntries(_ base: [Node.Entry], _ override: [Node.Entry], _ role: Role) -> [Node.Entry] {
        var result = Self.withoutReplaced(base, override, role)
        var indices = Dictionary(result.indices.map { (result[$0].key, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in override {
            if let index = indices[entry.key] {
                // `A:` in an environment says where the value is to come from, so it replaces one.
                let isReplacement = role == .variables
                result[index].value =
                    isReplacement ? entry.value : merged(result[index].value, entry.value, role.role(of: entry.key))
                result[index].keyLocation = entry.keyLocation
            } else {
                indices[entry.key] = result.count
                result.append(entry)
            }
        }
        return result
    }

    /// A probe has one handler, and a schedule one trigger: one of another kind takes the place of the one before, as a
    /// logging driver does.
    private static func withoutReplaced(_ base: [Node.Entry], _ override: [Node.Entry], _ role: Role) -> [Node.Entry] {
        let kinds: [Set<String>]
        switch role {
        case .probe: kinds = ["exec", "http", "tcp", "unix", "grpc", "log", "notify", "listening", "mcp"].map { [$0] }
        case .schedule: kinds = [["cron", "time_zone"], ["every"]]
        case .root, .services, .service, .probes, .variables, .names, .list, .command, .other: return base
        }
        guard let new = kinds.first(where: { kind in override.contains { kind.contains($0.key) } }) else { return base }
        return base.filter { entry in new.contains(entry.key) || !kinds.contains { $0.contains(entry.key) } }
    }

    private static func appended(_ first: [Node], _ second: [Node]) -> [Node] {
        var known = Set(first.compactMap(\.text))
        return first + second.filter { item in item.text.map { known.insert($0).inserted } ?? true }
    }

    /// What is left when all is merged: without the values that are tagged `!reset`.
    func withoutResets(_ node: Node) -> Node {
        guard !tags.isEmpty else { return node }
        var result = node
        switch node.content {
        case .mapping(let entries):
            result.entries = entries.filter { tags[$0.value.location] != .reset }.map { entry in
                Node.Entry(key: entry.key, keyLocation: entry.keyLocation, value: withoutResets(entry.value))
            }
        case .sequence(let items):
            result.content = .sequence(items.filter { tags[$0.location] != .reset }.map(withoutResets))
        case .null, .scalar:
            break
        }
        return result
    }
}

extension Node {
    /// `[A=1, B]` as `{A: 1, B: }`, a mapping as it is; nil where it is neither. A later item wins over an earlier one.
    var variableEntries: [Entry]? {
        guard case .sequence(let items) = content else { return isMapping ? entries : nil }
        var result: [Entry] = []
        var indices: [String: Int] = [:]
        for item in items {
            guard case .scalar(let text, _) = item.content else { return nil }
            let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // Keys are plain text, unlike the scalar that this one comes from.
            let name = halves[0].split(separator: "$$", omittingEmptySubsequences: false).joined(separator: "$")
            let value = halves.count == 2 ? Content.scalar(String(halves[1]), isQuoted: true) : .null
            let entry = Entry(key: name, keyLocation: item.location, value: Node(value, at: item.location))
            if let index = indices[name] {
                result[index] = entry
            } else {
                indices[name] = result.count
                result.append(entry)
            }
        }
        return result
    }

    /// `[a, b]` as `{a: {}, b: {}}`, a mapping as it is; nil where it is neither.
    var nameEntries: [Entry]? {
        guard case .sequence(let items) = content else { return isMapping ? entries : nil }
        var result: [Entry] = []
        var names: Set<String> = []
        for item in items {
            guard case .scalar(let name, _) = item.content else { return nil }
            guard names.insert(name).inserted else { continue }
            result.append(Entry(key: name, keyLocation: item.location, value: Node(.mapping([]), at: item.location)))
        }
        return result
    }
}
