import Glibc

/// The files of this host; `-` is the standard input.
struct HostFileSystem: FileSystem {
    func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        guard path != "-" else { return try Self.read(STDIN_FILENO, limit: limit) }
        guard !path.utf8.contains(0) else { throw .notFound }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error(errno) }
        defer { close(descriptor) }
        return try Self.read(descriptor, limit: limit)
    }

    func target(ofLink path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func read(_ descriptor: Int32, limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw error(errno)
            }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            // Sizes that the file system tells are not to be trusted for pipes and devices, so the bytes are counted.
            guard bytes.count <= limit else { throw .tooLarge(limit: limit) }
        }
    }

    private static func error(_ code: Int32) -> FileError {
        switch code {
        case ENOENT: .notFound
        case EISDIR: .unreadable("it is a directory")
        case EACCES: .unreadable("permission denied")
        default: .unreadable(String(cString: strerror(code)))
        }
    }
}
