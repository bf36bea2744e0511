/// Files whose changes restart a service while somebody watches: an entry of Compose's `develop.watch` whose action is
/// `restart`, the only one that has a meaning without containers.
public struct WatchSpec: Hashable, Sendable {
    /// A file, or a directory with everything under it; absolute.
    public var path: String
    /// What is left alone, relative to `path`.
    public var ignore: [PathPattern]
    /// Where there are any, only what one of these matches counts; relative to `path`.
    public var include: [PathPattern]
    /// How long nothing may change any more before the service is restarted.
    public var debounce: Duration

    public static let standardDebounce = Duration.milliseconds(500)

    public init(
        path: String, ignore: [PathPattern] = [], include: [PathPattern] = [],
        debounce: Duration = WatchSpec.standardDebounce
    ) {
        self.path = path
        self.ignore = ignore
        self.include = include
        self.debounce = debounce
    }

    /// Whether a change of the file at an absolute path is one that counts.
    public func concerns(_ file: String) -> Bool {
        guard let names = names(of: file) else { return false }
        guard !Self.temporary.matches(names), !ignore.matches(names) else { return false }
        // A path that is a file has nothing below it for patterns to choose from.
        return include.isEmpty || names.isEmpty || include.matches(names)
    }

    /// Whether what changed below an absolute path, and is not known by name, may be something that counts.
    public func mayConcern(below directory: String) -> Bool {
        guard let names = names(of: directory) else { return path.hasPrefix(directory == "/" ? "/" : directory + "/") }
        return !Self.temporary.matches(names) && !ignore.matches(names)
    }

    /// Whether nothing in a directory, given by its absolute path, can ever count, so that it need not be watched.
    public func leavesOut(_ directory: String) -> Bool {
        guard let names = names(of: directory) else { return true }
        return Self.temporary.matchesAll(below: names) || ignore.matchesAll(below: names)
    }

    /// The names below `path`; nil for what is not there.
    private func names(of file: String) -> [Substring]? {
        let directory = path == "/" ? "" : path
        guard file != path else { return [] }
        guard file.hasPrefix(directory + "/") else { return nil }
        return file.dropFirst(directory.count + 1).split(separator: "/")
    }

    /// What editors leave beside a file while they write it, and the inside of Git's directory, which Compose leaves
    /// alone as well: IntelliJ, Emacs, Vim, Kate.
    private static let temporary: [PathPattern] = [
        "**/.git", "**/.idea", "**/*___jb_old___", "**/*___jb_tmp___", "**/.#*", "**/#*#", "**/4913", "**/*~",
        "**/.*.swp", "**/.*.swx", "**/.*.swo", "**/.*.swn", "**/.*.kate-swp",
    ].compactMap { try? PathPattern($0) }
}
