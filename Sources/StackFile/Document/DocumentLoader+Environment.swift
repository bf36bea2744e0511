extension DocumentLoader {
    /// Gives every service the variables of its `env_file`, and those that its `environment` takes from outside.
    mutating func resolveEnvironment(in root: inout Node, _ project: Project) {
        guard var services = root["services"], services.isMapping else { return }
        services.entries = services.entries.map { entry in
            var entry = entry
            resolveEnvironment(of: &entry.value, project)
            return entry
        }
        root.set("services", to: services, keyLocation: services.location)
    }

    private mutating func resolveEnvironment(of service: inout Node, _ project: Project) {
        let files = service["env_file"]
        guard service.isMapping, files != nil || service["environment"] != nil else { return }
        service.remove("env_file")
        let environment = service["environment"] ?? Node(.mapping([]), at: files?.location ?? service.location)
        // Anything else is no environment, which is reported where it is decoded.
        guard let own = environment.isNull ? [] : environment.variableEntries else { return }
        guard files != nil || own.contains(where: \.value.isNull) else { return }

        var result: [Node.Entry] = []
        var values: [String: String] = [:]
        for var entry in own {
            if entry.value.isNull {
                askedVariables.insert(entry.key)
                guard let value = project.variables[entry.key] else { continue }
                entry.value = Node(.scalar(value, isQuoted: true), at: entry.keyLocation)
            }
            values[entry.key] = entry.value.text
            result.append(entry)
        }
        let taken = Set(own.map(\.key))
        for variable in variables(of: files, own: values, project) where !taken.contains(variable.name) {
            let value = Node(.scalar(variable.value, isQuoted: true), at: variable.location)
            result.append(Node.Entry(key: variable.name, keyLocation: variable.location, value: value))
        }
        service.set(
            "environment", to: Node(.mapping(result), at: environment.location), keyLocation: environment.location)
    }

    /// The variables of all `env_file`s of a service, each name once: the last one wins.
    private mutating func variables(
        of files: Node?, own: [String: String], _ project: Project
    ) -> [EnvironmentFile.Variable] {
        var result: [EnvironmentFile.Variable] = []
        var indices: [String: Int] = [:]
        for item in files?.items ?? [] {
            guard let file = environmentFile(item) else { continue }
            let path = Paths.join(project.directory, file.path)
            let variables = readVariables(
                path, referredFrom: item.location, isRequired: file.isRequired, format: file.format
            ) { project.variables[$0] ?? own[$0] }
            guard charge(variables.count, at: item.location) else { break }
            for variable in variables {
                if let index = indices[variable.name] {
                    result[index] = variable
                } else {
                    indices[variable.name] = result.count
                    result.append(variable)
                }
            }
        }
        return result
    }

    /// An item of `env_file`: a path, or `{path, required, format}`.
    private mutating func environmentFile(
        _ item: Node
    ) -> (path: String, isRequired: Bool, format: EnvironmentFile.Format)? {
        guard case .mapping(let entries) = item.content else {
            // A list within the list is passed on whole, as a fault.
            let list = Node(.sequence([item]), at: item.location)
            return paths(list, as: "`env_file`").first.map { ($0.path, true, .standard) }
        }
        var path: String?
        var isRequired = true
        var format = EnvironmentFile.Format.standard
        for entry in entries {
            switch (entry.key, entry.value.text) {
            case ("path", _):
                path = paths(entry.value, as: "`path`").first?.path
            case ("required", "true"):
                isRequired = true
            case ("required", "false"):
                isRequired = false
            case ("required", _):
                diagnostics.error(at: entry.value.location, "`required` is `true` or `false`")
            case ("format", "raw"):
                format = .raw
            case ("format", _):
                diagnostics.error(
                    at: entry.value.location, "the format of an `env_file` can only be `raw`",
                    remedy: "leave it out for the usual format")
            default:
                reportUnknown(entry, in: "`env_file`", known: ["path", "required", "format"])
            }
        }
        guard let path else {
            diagnostics.error(at: item.location, "no file is named here", remedy: "write `path: FILE`")
            return nil
        }
        return (path, isRequired, format)
    }
}
