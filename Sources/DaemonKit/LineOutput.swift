import Glibc
import LinuxRuntime

/// Writes lines to a descriptor without waiting for whoever reads them: what is not taken at once is dropped and
/// counted, and the number goes before the next line that gets through.
struct LineOutput: ~Copyable {
    private let number: Int32
    private let isSocket: Bool
    /// The same pipe, opened once more: O_NONBLOCK on `number` would be seen by every process that shares it.
    private let pipe: Descriptor?
    private var dropped = 0
    /// Whether the last line was taken only in part.
    private var isTorn = false

    /// Writes to a descriptor that stays open and is not owned.
    init(to number: Int32) {
        self.number = number
        var status = stat()
        let kind = fstat(number, &status) == 0 ? status.st_mode & S_IFMT : 0
        isSocket = kind == S_IFSOCK
        // Refused where the pipe is another user's; then its room is looked at before each write.
        pipe = kind == S_IFIFO ? try? Descriptor.open("/proc/self/fd/\(number)", flags: O_WRONLY | O_NONBLOCK) : nil
    }

    mutating func write(_ line: String) {
        if dropped > 0, put("\(WallTime.now) \(dropped) lines were dropped, because nobody read them\n") { dropped = 0 }
        guard dropped == 0, put(line + "\n") else { return dropped += 1 }
    }

    private mutating func put(_ text: String) -> Bool {
        let bytes = Array((isTorn ? "\n" + text : text).utf8)
        let taken = bytes.withUnsafeBytes { send($0) }
        if taken > 0 { isTorn = taken < bytes.count }
        return taken == bytes.count
    }

    /// How many of the bytes were taken.
    private func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        var sent = 0
        while sent < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            let count = sendOnce(rest)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            sent += count
        }
        return sent
    }

    private func sendOnce(_ bytes: UnsafeRawBufferPointer) -> Int {
        if isSocket { return Glibc.send(number, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL)) }
        switch pipe {
        case .some(let pipe): return Glibc.write(pipe.number, bytes.baseAddress, bytes.count)
        case .none: return writeIfThereIsRoom(bytes)
        }
    }

    private func writeIfThereIsRoom(_ bytes: UnsafeRawBufferPointer) -> Int {
        var room = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        guard poll(&room, 1, 0) == 1 else { return 0 }
        // What a pipe with any room at all takes without waiting.
        return Glibc.write(number, bytes.baseAddress, min(bytes.count, Int(PIPE_BUF)))
    }
}
