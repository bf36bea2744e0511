import Glibc

/// Which file a request executes.
extension SpawnRequest {
    /// Where a program without a PATH of its own is searched.
    public static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// The files that execvp would try, in its order.
    var candidates: [String] {
        guard let program = executable ?? arguments.first, !program.isEmpty else { return [] }
        if program.utf8.contains(UInt8(ascii: "/")) { return [program] }
        let path = environment["PATH"] ?? SpawnRequest.defaultPath
        return path.split(separator: ":", omittingEmptySubsequences: false).map { directory in
            directory.isEmpty ? "./\(program)" : "\(directory)/\(program)"
        }
    }

    /// The file that the search finds, as a path from the root where the working directory is one; nil where there is
    /// none that the caller may execute. What another user may not is passed over at the spawn, and not here.
    public var program: String? {
        for candidate in candidates {
            let path = path(of: candidate)
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 else {
                continue
            }
            return path
        }
        return nil
    }

    /// Where HAProxy is, by a PATH; nil where it is not. An ordinary user's PATH lacks the directory in which Debian has
    /// it.
    public static func findHAProxy(path: String?) -> String? {
        let directories = [path ?? defaultPath, "/usr/local/sbin", "/usr/sbin"].joined(separator: ":")
        return SpawnRequest(arguments: ["haproxy"], environment: ["PATH": directories]).program
    }

    private func path(of candidate: String) -> String {
        guard let workingDirectory, !candidate.hasPrefix("/") else { return candidate }
        return "\(workingDirectory)/\(candidate.hasPrefix("./") ? String(candidate.dropFirst(2)) : candidate)"
    }
}
