import Glibc

/// Tells which files change under some paths, by inotify(7): directories with all that is below them, files, and paths
/// that are not there yet.
///
/// A file has changed when it was written and closed, came, went or was renamed. Directories that come are searched for
/// what was put into them before they were watched, so nothing is missed; where the kernel had to drop events, it is
/// told that anything may have changed.
public final class FileWatch {
    public enum Change: Hashable, Sendable {
        /// The file of this path came, went, or was written.
        case file(String)
        /// Whatever is below this path may have changed.
        case tree(String)
    }

    /// A directory that is watched and is to be searched.
    private struct Search {
        var path: String
        /// What is found there has changed.
        var isNews: Bool
        /// The directories in it are searched even if they are watched already.
        var isRepeated = false
    }

    private static let mask =
        UInt32(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
        | UInt32(IN_ONLYDIR) | UInt32(IN_EXCL_UNLINK)
    /// So many directories are searched in a turn of the loop: about a millisecond.
    private static let directoriesPerTurn = 64
    private static let bufferSize = 64 << 10

    private let loop: EventLoop
    private let descriptor: Descriptor
    private let roots: [String]
    private let leavesOut: (String) -> Bool
    private let onChange: ([Change]) -> Void
    private let onFault: (String) -> Void
    private var registration: EventLoop.Registration?
    private var directories = WatchedDirectories()
    private var pending: [Search] = []
    private var scan: EventLoop.Timer?
    private var changes: [Change] = []
    private var hasToldFault = false

    /// Begins to watch.
    /// - Parameters:
    ///   - roots: absolute paths.
    ///   - leavesOut: of a directory, whether nothing in it matters.
    ///   - onChange: called on the loop, with the changes of one turn.
    ///   - onFault: called once, on the loop, where not all can be watched: why, and what helps.
    /// - Throws: Where inotify is not to be had at all.
    public init(
        _ roots: [String], on loop: EventLoop, leavesOut: @escaping (String) -> Bool,
        onChange: @escaping ([Change]) -> Void, onFault: @escaping (String) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.roots = roots
        self.leavesOut = leavesOut
        self.onChange = onChange
        self.onFault = onFault
        descriptor = Descriptor(owning: try checkLibc(inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)), "inotify_init"))
        registration = try loop.register(descriptor.number, for: .readable) { [unowned self] _ in receive() }
        for root in roots { find(root, isNews: false) }
    }

    deinit {
        if let registration { loop.deregister(registration) }
        if let scan { loop.cancel(scan) }
    }

    /// Whether there are directories left to search, in which a change would not be noticed yet.
    public var isSearching: Bool { !pending.isEmpty }

    /// Called on the loop when there are none any more.
    public var onSearched: (() -> Void)?

    // MARK: Roots

    /// Watches the directory that a root is in, so that the root is seen to come and go, and the root itself. Where
    /// that directory is not there either, the nearest one above it that is.
    private func find(_ root: String, isNews: Bool) {
        var isSettled = false
        // What is looked for may come while it is looked for; each round goes one directory further down.
        for _ in 0..<64 where !isSettled {
            var directory = Self.parent(of: root)
            var missing = root
            while !watch(directory) {
                guard directory != "/" else { return }
                (missing, directory) = (directory, Self.parent(of: directory))
            }
            isSettled = missing == root || !Self.exists(missing)
        }
        guard watch(root) else {
            if isNews, Self.exists(root) { note(.file(root)) }
            return
        }
        enqueue(Search(path: root, isNews: isNews))
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    // MARK: Directories

    /// False where there is no such directory, or it cannot be watched.
    private func watch(_ directory: String) -> Bool {
        let number = inotify_add_watch(descriptor.number, directory, Self.mask)
        guard number >= 0 else {
            tell(errno, of: directory)
            return false
        }
        directories.add(directory, as: number)
        return true
    }

    private func tell(_ error: Int32, of directory: String) {
        guard error != ENOENT, error != ENOTDIR, !hasToldFault else { return }
        hasToldFault = true
        let reason =
            error == ENOSPC
            ? "the user may not watch more directories; raise fs.inotify.max_user_watches (sysctl), or ignore some"
            : SystemError.text(error)
        onFault("`\(directory)` cannot be watched: \(reason)")
    }

    private func enqueue(_ search: Search) {
        pending.append(search)
        if scan == nil { scan = loop.schedule(after: .zero) { [unowned self] in searchSome() } }
    }

    private func searchSome() {
        scan = nil
        for _ in 0..<Self.directoriesPerTurn {
            guard let next = pending.popLast() else { break }
            carryOut(next)
        }
        deliver()
        if pending.isEmpty {
            onSearched?()
        } else {
            scan = loop.schedule(after: .zero) { [unowned self] in searchSome() }
        }
    }

    /// Watches the directories in one that is watched already, so that what comes now is seen in any case.
    private func carryOut(_ search: Search) {
        guard directories.contains(search.path) else { return }
        guard let stream = opendir(search.path) else { return tell(errno, of: search.path) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            let path = Self.join(search.path, name)
            if Self.isDirectory(entry.pointee.d_type, path) {
                add(Search(path: path, isNews: search.isNews, isRepeated: search.isRepeated))
            } else if search.isNews {
                note(.file(path))
            }
        }
    }

    private func add(_ search: Search) {
        guard !leavesOut(search.path), search.isRepeated || !directories.contains(search.path), watch(search.path)
        else { return }
        enqueue(search)
    }

    /// A symbolic link is none: what it leads to may be anywhere, or go round.
    private static func isDirectory(_ type: UInt8, _ path: String) -> Bool {
        guard Int32(type) == DT_UNKNOWN else { return Int32(type) == DT_DIR }
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func join(_ directory: String, _ name: String) -> String {
        directory == "/" ? "/" + name : directory + "/" + name
    }

    // MARK: Events

    private func receive() {
        withUnsafeTemporaryAllocation(byteCount: Self.bufferSize, alignment: 8) { buffer in
            // What does not fit is read in the next turn.
            guard let count = try? descriptor.read(into: buffer) else { return }
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            let headerSize = MemoryLayout<inotify_event>.size
            while rest.count >= headerSize {
                let event = rest.loadUnaligned(as: inotify_event.self)
                let name = rest[headerSize..<min(rest.count, headerSize + Int(event.len))].prefix { $0 != 0 }
                take(event, name: String(decoding: name, as: UTF8.self))
                rest = UnsafeRawBufferPointer(rebasing: rest[min(rest.count, headerSize + Int(event.len))...])
            }
        }
        deliver()
    }

    private func take(_ event: inotify_event, name: String) {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
            // What was lost may be that directories came.
            for root in roots {
                note(.tree(root))
                find(root, isNews: false)
                if directories.contains(root) { enqueue(Search(path: root, isNews: false, isRepeated: true)) }
            }
            return
        }
        for directory in directories.paths(of: event.wd) {
            if event.mask & UInt32(IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT) != 0 {
                lose(directory, of: event)
            } else {
                take(event.mask, of: Self.join(directory, name))
            }
        }
    }

    /// A directory that is watched has gone, or has another name now.
    private func lose(_ directory: String, of event: inotify_event) {
        if event.mask & UInt32(IN_IGNORED) != 0 { directories.forget(event.wd) }
        // Where it is below another one that is watched, that one tells more.
        for root in roots where Self.leads(directory, to: root) {
            note(.tree(root))
            directories.remove(directory).forEach(unwatch)
            find(root, isNews: true)
        }
    }

    private func take(_ mask: UInt32, of path: String) {
        let isDirectory = mask & UInt32(IN_ISDIR) != 0
        if isDirectory {
            // Whatever had the name is not there any more; what is deleted had nothing below it.
            directories.remove(path, isEmpty: mask & UInt32(IN_DELETE) != 0).forEach(unwatch)
        } else if mask & UInt32(IN_CREATE) != 0, !Self.isComplete(path) {
            return
        }
        for root in roots where Self.leads(path, to: root) {
            if path == root || mask & UInt32(IN_MOVED_FROM | IN_DELETE) != 0 {
                note(isDirectory ? .tree(root) : .file(root))
            }
            directories.remove(root).forEach(unwatch)
            find(root, isNews: true)
        }
        guard roots.contains(where: { path != $0 && Self.leads($0, to: path) }) else { return }
        if !isDirectory {
            note(.file(path))
        } else if mask & UInt32(IN_CREATE | IN_MOVED_TO) != 0 {
            add(Search(path: path, isNews: true))
        } else if mask & UInt32(IN_MOVED_FROM) != 0 {
            note(.tree(path))
        }
    }

    /// A file that was just made will be written and closed, unless it is a link to one.
    private static func isComplete(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFLNK || status.st_mode & S_IFMT == S_IFREG && status.st_nlink > 1
    }

    /// Whether the path is the root or a directory above it.
    private static func leads(_ path: String, to root: String) -> Bool {
        path == root || path == "/" || root.hasPrefix(path + "/")
    }

    private func unwatch(_ number: Int32) {
        // Fails for a directory that has gone, which the kernel has forgotten by itself.
        _ = inotify_rm_watch(descriptor.number, number)
    }

    private func note(_ change: Change) {
        if changes.last != change { changes.append(change) }
    }

    private func deliver() {
        guard !changes.isEmpty else { return }
        defer { changes = [] }
        onChange(changes)
    }
}
