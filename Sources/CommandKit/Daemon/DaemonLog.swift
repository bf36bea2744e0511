import Glibc

/// The file that takes what a daemon writes to its standard error, since it has no terminal.
struct DaemonLog: ~Copyable {
    let path: String
    let descriptor: Descriptor
    /// Where this daemon's part begins.
    private let start: off_t

    /// A longer file is set aside first, in place of the one that was set aside before.
    private static let limit: off_t = 1 << 20
    /// So much is shown of a daemon that did not come up.
    private static let shown = 8 << 10

    /// Opens the file for appending; its directories are made where they are missing.
    init(path: String) throws(SystemError) {
        self.path = path
        try makeDirectories(upTo: path)
        var status = stat()
        if stat(path, &status) == 0, status.st_size > Self.limit { _ = rename(path, path + ".1") }
        descriptor = try Descriptor.open(path, O_RDWR | O_CREAT | O_APPEND, mode: 0o600)
        start = lseek(descriptor.number, 0, SEEK_END)
    }

    /// The last lines that were written since it was opened.
    func tail() -> String {
        let end = lseek(descriptor.number, 0, SEEK_END)
        lseek(descriptor.number, max(start, end - off_t(Self.shown)), SEEK_SET)
        let bytes = (try? descriptor.read(limit: Self.shown)) ?? []
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Makes the directories that a file's path names, as `mkdir -p` does; those of an ordinary user are its own alone.
private func makeDirectories(upTo path: String) throws(SystemError) {
    let mode: mode_t = geteuid() == 0 ? 0o755 : 0o700
    for end in path.indices where path[end] == "/" && end != path.startIndex {
        let directory = String(path[..<end])
        guard mkdir(directory, mode) != 0, errno != EEXIST else { continue }
        let error = errno
        if access(directory, X_OK) != 0 { throw SystemError("mkdir \(directory)", errno: error) }
    }
}
