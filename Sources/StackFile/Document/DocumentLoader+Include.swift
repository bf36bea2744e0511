extension DocumentLoader {
    /// One entry of `include`.
    private struct Inclusion {
        var files: [(path: String, location: SourceLocation?)] = []
        /// As the entry gives it, or the directory of its first file.
        var directory = "."
        var environmentFiles: [Node] = []
        var location: SourceLocation
    }

    /// Reads what `include` names, each as a project of its own, and takes its services over.
    mutating func include(in document: inout Node, _ project: Project) {
        guard let list = document["include"] else { return }
        document.remove("include")
        switch list.content {
        case .null:
            return
        case .sequence(let items):
            for item in items {
                guard let inclusion = inclusion(item) else { continue }
                include(inclusion, in: &document, project)
            }
        case .scalar, .mapping:
            diagnostics.error(
                at: list.location, "`include` is a list of files, and this is \(list.kind)",
                remedy: "write `include: [FILE]`")
        }
    }

    private mutating func inclusion(_ item: Node) -> Inclusion? {
        var result = Inclusion(location: item.location)
        var directory: String?
        switch item.content {
        case .scalar:
            result.files = paths(item, as: "`include`")
        case .mapping(let entries):
            for entry in entries {
                switch entry.key {
                case "path": result.files = paths(entry.value, as: "`path`")
                case "project_directory": directory = paths(entry.value, as: "`project_directory`").first?.path
                case "env_file": result.environmentFiles = entry.value.items
                default: reportUnknown(entry, in: "`include`", known: ["path", "project_directory", "env_file"])
                }
            }
        case .null, .sequence:
            diagnostics.error(at: item.location, "`include` lists files, and this is \(item.kind)")
            return nil
        }
        guard let first = result.files.first else {
            diagnostics.error(at: item.location, "no file is named here", remedy: "write `path: FILE`")
            return nil
        }
        result.directory = directory ?? Paths.directory(of: first.path)
        return result
    }

    private mutating func include(_ inclusion: Inclusion, in document: inout Node, _ project: Project) {
        let files = inclusion.files.map { (path: Paths.join(project.directory, $0.path), location: $0.location) }
        if let again = files.first(where: { project.chain.contains($0.path) }) {
            let cycle = project.chain.drop { $0 != again.path } + [again.path]
            diagnostics.error(
                at: inclusion.location, "files include each other: " + cycle.joined(separator: " → "),
                remedy: "remove one of these includes")
            return
        }
        guard project.depth < Limits.includeDepth else {
            diagnostics.error(at: inclusion.location, "files include each other more than \(Limits.includeDepth) deep")
            return
        }
        var included = Project(
            directory: Paths.join(project.directory, inclusion.directory), variables: project.variables,
            chain: project.chain + files.map(\.path), depth: project.depth + 1)
        included.variables.addDefaults(defaults(for: inclusion, in: included.directory, project))
        guard let root = load(files, of: included) else { return }
        take(root, from: inclusion, into: &document)
    }

    /// The variables of the entry's `env_file`, or of the `.env` file beside what is included.
    private mutating func defaults(
        for inclusion: Inclusion, in directory: String, _ project: Project
    ) -> [EnvironmentFile.Variable] {
        guard !inclusion.environmentFiles.isEmpty else { return readDefaults(in: directory, project.variables) }
        var result: [EnvironmentFile.Variable] = []
        for node in inclusion.environmentFiles {
            for file in paths(node, as: "`env_file`") {
                let path = Paths.join(project.directory, file.path)
                result += readVariables(path, referredFrom: file.location) { project.variables[$0] }
            }
        }
        return result
    }

    /// Adds what was included to a document, whose own entries must not stand against it.
    private mutating func take(_ included: Node, from inclusion: Inclusion, into document: inout Node) {
        for section in included.entries {
            if section.key == "name" || section.key == "version" || section.key.hasPrefix("x-") { continue }
            var section = section
            let directory = TemplateForm.escaped(inclusion.directory)
            switch section.key {
            case "control": section.value = section.value.control(movedFrom: directory)
            case "secrets": section.value = section.value.secrets(movedFrom: directory)
            default: break
            }
            let own = document[section.key]
            guard section.value.isMapping, own?.isMapping != false else {
                // It is no section at all, and so it is reported where it stands.
                if own == nil { document.entries.append(section) }
                continue
            }
            var entries = own?.entries ?? []
            take(section, from: inclusion, into: &entries)
            let merged = Node(.mapping(entries), at: own?.location ?? section.value.location)
            document.set(section.key, to: merged, keyLocation: section.keyLocation)
        }
    }

    private mutating func take(_ section: Node.Entry, from inclusion: Inclusion, into entries: inout [Node.Entry]) {
        let directory = TemplateForm.escaped(inclusion.directory)
        let indices = Dictionary(entries.indices.map { (entries[$0].key, $0) }, uniquingKeysWith: { first, _ in first })
        for var entry in section.value.entries {
            if section.key == "services" { entry.value = placed(entry.value, in: directory) }
            if let index = indices[entry.key] {
                guard !entries[index].value.isSame(as: entry.value) else { continue }
                diagnostics.error(
                    at: entries[index].keyLocation, "`\(entry.key)` is included already, from \(entry.keyLocation)",
                    remedy: "rename one of the two, or change it in a further file given with `-f`")
            } else if charge(entry.value.weight, at: inclusion.location) {
                entries.append(entry)
            }
        }
    }

    /// A service of an included project, which runs in that project's directory where it names no other.
    private func placed(_ service: Node, in directory: String) -> Node {
        var result = service.service(movedFrom: directory)
        if service.isMapping, service["working_dir"] == nil, Paths.normalized(directory) != "." {
            let path = Node(.scalar(Paths.normalized(directory), isQuoted: true), at: service.location)
            result.set("working_dir", to: path, keyLocation: service.location)
        }
        return result
    }

    /// The plain texts of a path or a list of paths.
    mutating func paths(_ node: Node, as use: String) -> [(path: String, location: SourceLocation?)] {
        var result: [(path: String, location: SourceLocation?)] = []
        for item in node.items {
            guard case .scalar(let text, _) = item.content, !text.isEmpty else {
                diagnostics.error(at: item.location, "\(use) takes a path, and this is \(item.kind)")
                continue
            }
            let plain = plainText(text, at: item.location, as: use)
            result.append((plain, item.location))
        }
        return result
    }

    mutating func reportUnknown(_ entry: Node.Entry, in place: String, known: [String]) {
        diagnostics.error(
            at: entry.keyLocation, "`\(entry.key)` is not known in \(place)",
            remedy: suggestion(for: entry.key, among: known).map { "did you mean `\($0)`?" }
                ?? "there are " + known.map { "`\($0)`" }.joined(separator: ", "))
    }
}
