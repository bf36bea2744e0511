import Dispatch
import Glibc

/// Reads a descriptor piece by piece, by a thread that is none of Swift's own, so that the wait holds nobody up.
final class InputReader: Sendable {
    enum Piece: Hashable, Sendable {
        case bytes([UInt8])
        /// The end of the file, or the reading task was cancelled.
        case end
        case timedOut
    }

    private let descriptor: Int32
    private let queue = DispatchQueue(label: "input")
    /// What ends a wait that is not wanted any more.
    private let wakeUp: Pipe

    init(_ descriptor: Int32) throws(SystemError) {
        self.descriptor = descriptor
        wakeUp = try Descriptor.pipe()
    }

    /// The next bytes, at most `limit`; to be asked for by one task, which is not asked again once it was cancelled.
    func read(limit: Int, timeout: Duration? = nil) async -> Piece {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async { continuation.resume(returning: self.wait(limit, timeout)) }
            }
        } onCancel: {
            _ = write(wakeUp.writing.number, "x", 1)
        }
    }

    private func wait(_ limit: Int, _ timeout: Duration?) -> Piece {
        let milliseconds = timeout.map { Int32($0 / .milliseconds(1)) } ?? -1
        var waited = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wakeUp.reading.number, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            switch poll(&waited, 2, milliseconds) {
            case 0: return .timedOut
            case ..<0 where errno != EINTR: return .end
            case ..<0: continue
            default: break
            }
            if waited[1].revents != 0 { return .end }
            if let piece = take(limit) { return piece }
        }
    }

    /// Nil where there is nothing to take after all.
    private func take(_ limit: Int) -> Piece? {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = Glibc.read(descriptor, &bytes, limit)
        switch count {
        case 0: return .end
        case ..<0 where errno == EINTR || errno == EAGAIN: return nil
        // EIO is a terminal that is gone.
        case ..<0: return .end
        default:
            bytes.removeLast(limit - count)
            return .bytes(bytes)
        }
    }
}
