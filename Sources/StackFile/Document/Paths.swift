/// Paths as texts, without a look at the file system.
enum Paths {
    /// The directory that a file is in: `.` for a bare name.
    static func directory(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        let directory = file[..<slash]
        return directory.isEmpty ? "/" : String(directory)
    }

    /// A path that starts in a directory, without `.` and, where that is sure, without `..`.
    static func join(_ directory: String, _ path: String) -> String {
        normalized(path.hasPrefix("/") ? path : directory + "/" + path)
    }

    static func normalized(_ path: String) -> String {
        let isAbsolute = path.hasPrefix("/")
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else if part != ".." || !isAbsolute {
                parts.append(part)
            }
        }
        let joined = parts.joined(separator: "/")
        return isAbsolute ? "/" + joined : joined.isEmpty ? "." : joined
    }

    /// A scalar in template form that starts from the directory it is read in, not from a root or one of stackd's own.
    static func isRelative(_ scalar: String) -> Bool {
        !scalar.isEmpty && !scalar.hasPrefix("/") && !scalar.hasPrefix("${")
    }
}

extension Node {
    /// A service that was written for another directory, with its relative paths starting from this one.
    ///
    /// - Parameter directory: the other directory as seen from this one, in template form.
    func service(movedFrom directory: String) -> Node {
        guard isMapping, Paths.normalized(directory) != "." else { return self }
        var result = self
        result.entries = entries.map { entry in
            var entry = entry
            switch entry.key {
            case "working_dir":
                entry.value = entry.value.path(movedFrom: directory)
            case "env_file":
                entry.value = entry.value.mapItems { $0.path(movedFrom: directory, key: "path") }
            case "listen":
                entry.value = entry.value.mapValues { $0.listener(movedFrom: directory) }
            case "probes":
                entry.value = entry.value.mapValues { probe in
                    guard let unix = probe.entries.first(where: { $0.key == "unix" }) else { return probe }
                    var probe = probe
                    probe.set("unix", to: unix.value.path(movedFrom: directory), keyLocation: unix.keyLocation)
                    return probe
                }
            case "develop":
                entry.value = entry.value.mapValues { watches in
                    watches.mapItems { $0.path(movedFrom: directory, key: "path") }
                }
            default:
                break
            }
            return entry
        }
        return result
    }

    /// A `control` section that was written for another directory, likewise.
    func control(movedFrom directory: String) -> Node {
        guard let tokens = self["tokens"] else { return self }
        var result = self
        let moved = tokens.mapItems { $0.path(movedFrom: directory, key: "file") }
        result.set("tokens", to: moved, keyLocation: tokens.location)
        return result
    }

    /// The `secrets` of a file that was written for another directory, likewise.
    func secrets(movedFrom directory: String) -> Node {
        mapValues { $0.path(movedFrom: directory, key: "file") }
    }

    /// A path, or the entry of a mapping that is one, starting from another directory.
    private func path(movedFrom directory: String, key: String? = nil) -> Node {
        if let key, let entry = entries.first(where: { $0.key == key }) {
            var result = self
            result.set(key, to: entry.value.path(movedFrom: directory), keyLocation: entry.keyLocation)
            return result
        }
        guard case .scalar(let text, let isQuoted) = content, Paths.isRelative(text) else { return self }
        return Node(.scalar(Paths.join(directory, text), isQuoted: isQuoted), at: location)
    }

    /// A listener's address: `unix:PATH`, `unix-dgram:PATH`, `./PATH` or one that is no path, also as `{address: …}`.
    private func listener(movedFrom directory: String) -> Node {
        if let address = entries.first(where: { $0.key == "address" }) {
            var result = self
            result.set("address", to: address.value.listener(movedFrom: directory), keyLocation: address.keyLocation)
            return result
        }
        guard case .scalar(let text, let isQuoted) = content else { return self }
        let prefix = ["unix:", "unix-dgram:"].first(where: text.hasPrefix)
        let path = String(text.dropFirst(prefix?.count ?? 0))
        guard prefix != nil || path.hasPrefix("./"), !path.hasPrefix("@"), Paths.isRelative(path) else { return self }
        return Node(.scalar((prefix ?? "unix:") + Paths.join(directory, path), isQuoted: isQuoted), at: location)
    }

    private func mapValues(_ change: (Node) -> Node) -> Node {
        guard isMapping else { return self }
        var result = self
        result.entries = entries.map { Entry(key: $0.key, keyLocation: $0.keyLocation, value: change($0.value)) }
        return result
    }

    private func mapItems(_ change: (Node) -> Node) -> Node {
        guard case .sequence(let items) = content else { return change(self) }
        return Node(.sequence(items.map(change)), at: location)
    }
}
