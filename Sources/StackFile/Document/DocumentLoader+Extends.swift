extension DocumentLoader {
    /// Services among which `extends` looks a name up.
    struct Scope {
        /// Tells the scopes of one load apart.
        var number: Int
        var file: String
        /// Where the services' relative paths start from.
        var directory: String
        var services: [String: Node]
        /// The services of the files before this one.
        var earlier: Node?
    }

    /// A service of a scope; many extend the same, so that each is resolved once.
    struct ScopedService: Hashable {
        var scope: Int
        var name: String
    }

    /// A file whose services are extended, as a project's variables make it.
    struct ExtendedFile: Hashable {
        var path: String
        /// The files of the project, which tell its variables apart.
        var project: [String]
    }

    /// Lays every service over the one that its `extends` names.
    mutating func resolveExtends(in document: inout Node, file: String, earlier: Node?, _ project: Project) {
        guard var services = document["services"], services.entries.contains(where: { $0.value["extends"] != nil })
        else { return }
        let scope = makeScope(file, project.directory, services, earlier: earlier?["services"])
        services.entries = services.entries.map { entry in
            var entry = entry
            entry.value = resolved(entry.key, entry.value, in: scope, chain: [], project)
            return entry
        }
        document.set("services", to: services, keyLocation: services.location)
    }

    private mutating func makeScope(_ file: String, _ directory: String, _ services: Node, earlier: Node?) -> Scope {
        scopes += 1
        let byName = Dictionary(services.entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        return Scope(number: scopes, file: file, directory: directory, services: byName, earlier: earlier)
    }

    private mutating func resolved(
        _ name: String, _ service: Node, in scope: Scope, chain: [String], _ project: Project
    ) -> Node {
        guard let extends = service["extends"] else { return service }
        let key = ScopedService(scope: scope.number, name: name)
        if let known = resolvedServices[key] { return known }
        var result = service
        result.remove("extends")
        let link = "\(name) (\(scope.file))"
        if chain.contains(link) {
            let cycle = (chain.drop { $0 != link } + [link]).joined(separator: " → ")
            diagnostics.error(
                at: extends.location, "services extend each other: \(cycle)", remedy: "remove one `extends`")
        } else if chain.count >= Limits.extendsDepth {
            diagnostics.error(at: extends.location, "services extend each other more than \(Limits.extendsDepth) deep")
        } else if let base = base(of: extends, in: scope, chain: chain + [link], project) {
            let merged = merge.service(base, with: result)
            if charge(merged.weight, at: extends.location) { result = merged }
        }
        resolvedServices[key] = result
        return result
    }

    /// The service that an `extends` names, itself resolved; nil, with a fault, where there is none.
    private mutating func base(of extends: Node, in scope: Scope, chain: [String], _ project: Project) -> Node? {
        guard let reference = reference(extends) else { return nil }
        let path = reference.file.map { Paths.join(scope.directory, $0) }
        guard let file = reference.file, let path, path != Paths.normalized(scope.file) else {
            if let own = scope.services[reference.service] {
                return resolved(reference.service, own, in: scope, chain: chain, project)
            }
            if let earlier = scope.earlier?[reference.service] { return earlier }
            reportMissing(reference.service, in: scope, at: reference.location)
            return nil
        }
        guard let other = self.scope(of: path, referredFrom: reference.location, project) else { return nil }
        guard let service = other.services[reference.service] else {
            reportMissing(reference.service, in: other, at: reference.location)
            return nil
        }
        let base = resolved(reference.service, service, in: other, chain: chain, project)
        return base.service(movedFrom: TemplateForm.escaped(Paths.directory(of: file)))
    }

    /// The services of another file, all its documents merged; its `include` does not count, as in Compose.
    private mutating func scope(of path: String, referredFrom location: SourceLocation, _ project: Project) -> Scope? {
        let file = ExtendedFile(path: path, project: project.chain)
        if let known = extendedFiles[file] { return known }
        let documents = readDocuments(path, referredFrom: location, project.variables)
        guard let first = documents.first else { return nil }
        let root = documents.dropFirst().reduce(first) { merge.root($0, with: $1) }
        let services = root["services"] ?? Node(.mapping([]), at: first.location)
        let scope = makeScope(path, Paths.directory(of: path), services, earlier: nil)
        extendedFiles[file] = scope
        return scope
    }

    private mutating func reportMissing(_ name: String, in scope: Scope, at location: SourceLocation) {
        // To look for a near name takes time with the number of services, which many faults must not multiply.
        let isWorthwhile = !diagnostics.isFull && scope.services.count <= 1000
        let near = isWorthwhile ? suggestion(for: name, among: scope.services.keys.sorted()) : nil
        diagnostics.error(
            at: location, "there is no service `\(name)` to extend", remedy: near.map { "did you mean `\($0)`?" })
    }

    private mutating func reference(_ extends: Node) -> (service: String, file: String?, location: SourceLocation)? {
        switch extends.content {
        case .scalar(let text, _):
            return (plainText(text, at: extends.location, as: "`extends`"), nil, extends.location)
        case .mapping(let entries):
            var service: (name: String, location: SourceLocation)?
            var file: String?
            for entry in entries {
                switch (entry.key, entry.value.content) {
                case ("service", .scalar(let text, _)):
                    let name = plainText(text, at: entry.value.location, as: "`service`")
                    service = (name, entry.value.location)
                case ("file", .scalar):
                    file = paths(entry.value, as: "`file`").first?.path
                case ("service", _), ("file", _):
                    diagnostics.error(
                        at: entry.value.location, "`\(entry.key)` is a single value, and this is \(entry.value.kind)")
                default:
                    reportUnknown(entry, in: "`extends`", known: ["service", "file"])
                }
            }
            guard let service else {
                diagnostics.error(at: extends.location, "`extends` names no service", remedy: "write `service: NAME`")
                return nil
            }
            return (service.name, file, service.location)
        case .null, .sequence:
            diagnostics.error(
                at: extends.location, "`extends` names one service, and this is \(extends.kind)",
                remedy: "write `extends: NAME`, or `extends: {file: FILE, service: NAME}`")
            return nil
        }
    }
}
