import CZlib
import Glibc

/// Compresses files that were rotated away, slice by slice between the queries of the same thread.
///
/// The new file gets its name when it is whole and on the disk, and only then is the old one removed. So a crash leaves
/// either, or both of the same content, and a full disk leaves the old one.
final class LogCompressor {
    enum Message: Sendable {
        case compress(path: String, number: UInt64, channel: Int)
    }

    private static let slice = 256 << 10
    /// Of gzip's levels one that is twice as fast as the usual one, for a tenth more bytes.
    private static let mode = "wb3"

    private let loop: EventLoop
    private let writer: Mailbox<LogWriter.Message>
    private var queue: [(path: String, number: UInt64, channel: Int)] = []
    private var isBusy = false

    init(
        loop: EventLoop, mailbox: Mailbox<Message>, writer: Mailbox<LogWriter.Message>
    ) throws(SystemError) {
        self.loop = loop
        self.writer = writer
        _ = try mailbox.deliver(on: loop) { [unowned self] messages in
            for case .compress(let path, let number, let channel) in messages { queue.append((path, number, channel)) }
            if !isBusy { beginNext() }
        }
    }

    private func beginNext() {
        isBusy = false
        while !queue.isEmpty {
            let (path, number, channel) = queue.removeFirst()
            // It may have been compressed before, or be gone.
            guard let compression = Compression(LogFileName.archive(of: path, number)) else { continue }
            isBusy = true
            return goOn(compression, number, channel)
        }
    }

    private func goOn(_ compression: Compression, _ number: UInt64, _ channel: Int) {
        loop.schedule(after: .zero) { [unowned self] in
            switch compression.step() {
            case .unfinished: return goOn(compression, number, channel)
            case .done: writer.post(.compressed(channel: channel, number: number))
            // The old file stays, and is tried again by the next daemon, or with the next change of the policy.
            case .failed: break
            }
            beginNext()
        }
    }

    /// One file on its way.
    private final class Compression {
        enum Progress { case unfinished, done, failed }

        private let name: String
        private let source: Descriptor
        private var target: gzFile?
        private let targetNumber: Int32
        private var buffer = [UInt8](repeating: 0, count: LogCompressor.slice)

        /// Nil where there is nothing to compress, or no room to.
        init?(_ name: String) {
            guard let source = try? Descriptor.open(name, flags: O_RDONLY),
                let target = try? Descriptor.open(
                    name + LogFileName.unfinished, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o640)
            else { return nil }
            let number = target.release()
            guard let stream = gzdopen(number, LogCompressor.mode) else {
                Glibc.close(number)
                return nil
            }
            self.name = name
            self.source = source
            self.target = stream
            targetNumber = number
        }

        deinit {
            if let target { gzclose_w(target) }
        }

        func step() -> Progress {
            guard let target else { return .failed }
            let count = buffer.withUnsafeMutableBytes { Glibc.read(source.number, $0.baseAddress, $0.count) }
            if count > 0 {
                let written = buffer.withUnsafeBytes { gzwrite(target, $0.baseAddress, UInt32(count)) }
                return written == count ? .unfinished : fail()
            }
            return count == 0 && finish(target) ? .done : fail()
        }

        private func finish(_ target: gzFile) -> Bool {
            let unfinished = name + LogFileName.unfinished
            var status = stat()
            guard gzflush(target, Z_FINISH) == Z_OK, fsync(targetNumber) == 0, fstat(source.number, &status) == 0 else {
                return false
            }
            // By its time a query sees that a file is too old for it.
            let times = [status.st_mtim, status.st_mtim]
            futimens(targetNumber, times)
            // One that was removed meanwhile is not to come back.
            guard access(name, F_OK) == 0, rename(unfinished, name + LogFileName.compressed) == 0 else { return false }
            unlink(name)
            return true
        }

        private func fail() -> Progress {
            unlink(name + LogFileName.unfinished)
            return .failed
        }
    }
}
