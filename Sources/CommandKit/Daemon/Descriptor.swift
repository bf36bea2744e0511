import Glibc

/// An open file descriptor, closed where its owner ends and at every exec that does not hand it on.
struct Descriptor: ~Copyable {
    let number: Int32

    /// Above the numbers that a child's descriptors get, so that placing one there never overwrites another.
    private static let lowest: Int32 = 10

    /// Takes over a descriptor that was just made and moves it out of the way.
    ///
    /// - Throws: the errno of the move; the descriptor is closed then too.
    init(adopting made: Int32) throws(SystemError) {
        let moved = fcntl(made, F_DUPFD_CLOEXEC, Self.lowest)
        let error = errno
        close(made)
        guard moved >= 0 else { throw SystemError("fcntl", errno: error) }
        number = moved
    }

    deinit {
        close(number)
    }

    static func pipe() throws(SystemError) -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw SystemError("pipe", errno: errno) }
        let reading: Descriptor
        do {
            reading = try Descriptor(adopting: ends[0])
        } catch {
            close(ends[1])
            throw error
        }
        return Pipe(reading: reading, writing: try Descriptor(adopting: ends[1]))
    }

    /// - Parameter flags: as for open(2); `O_CLOEXEC` is added.
    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) -> Descriptor {
        let number = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard number >= 0 else { throw SystemError("open \(path)", errno: errno) }
        return try Descriptor(adopting: number)
    }

    /// The next bytes, at most `limit`; empty at the end of the file.
    func read(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = Glibc.read(number, &bytes, limit)
        while count < 0 {
            guard errno == EINTR else { throw SystemError("read", errno: errno) }
            count = Glibc.read(number, &bytes, limit)
        }
        bytes.removeLast(limit - count)
        return bytes
    }

    /// All bytes up to the end of the file.
    ///
    /// - Throws: EFBIG where there are more than `limit`.
    func readToEnd(limit: Int) throws(SystemError) -> [UInt8] {
        var result: [UInt8] = []
        while result.count <= limit {
            let bytes = try read(limit: 64 << 10)
            guard !bytes.isEmpty else { return result }
            result += bytes
        }
        throw SystemError("read", errno: EFBIG)
    }
}

struct Pipe: ~Copyable {
    let reading: Descriptor
    let writing: Descriptor

    /// The reading end alone, which so sees the end of the file when the last other holder of the writing end is gone.
    consuming func closingWritingEnd() -> Descriptor { reading }
}

/// A system call that failed, and why: `open /x: No such file or directory`.
struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    var what: String
    var errno: Int32

    init(_ what: String, errno: Int32) {
        self.what = what
        self.errno = errno
    }

    var description: String { "\(what): \(String(cString: strerror(errno)))" }
}
