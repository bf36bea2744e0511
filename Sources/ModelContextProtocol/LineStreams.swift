import BlockingIO
import FoundationEssentials
import Glibc
import NIOPosix

/// A line grew beyond the limit.
public struct LineTooLong: Error, CustomStringConvertible {
    let limit: Int

    public var description: String { "a line is longer than \(limit) bytes" }
}

/// Reads lines from a descriptor of any kind.
struct LineReader {
    private let input: ReadableDescriptor
    private let longest: Int
    private var buffer = Data()
    private var hasEnded = false

    init(_ descriptor: CInt, longest: Int) throws(SystemError) {
        self.input = try ReadableDescriptor(descriptor)
        self.longest = longest
    }

    /// The next line without its newline; nil at the end of the stream, or when the task is cancelled.
    mutating func next() async throws -> Data? {
        while true {
            if let newline = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer = Data(buffer[buffer.index(after: newline)...]) }
                return Data(buffer[..<newline])
            }
            guard buffer.count <= longest else { throw LineTooLong(limit: longest) }
            guard !hasEnded else {
                defer { buffer = Data() }
                return buffer.isEmpty ? nil : buffer
            }
            guard let chunk = try await input.whenReadable(Self.readChunk) else { return nil }
            hasEnded = chunk.isEmpty
            buffer.append(chunk)
        }
    }

    /// What comes next; empty at the end of the stream.
    @Sendable private static func readChunk(_ descriptor: CInt) throws -> Data {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            if count >= 0 { return Data(bytes[..<count]) }
            guard errno == EINTR else { throw SystemError(call: "read", errno: errno) }
        }
    }
}

/// Writes whole lines to a descriptor, one after the other, on a thread of its own.
final class LineWriter: Sendable {
    private let descriptor: CInt
    /// The pool's single thread is what keeps two lines from mixing.
    private let thread = NIOThreadPool(numberOfThreads: 1)

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        thread.start()
    }

    deinit {
        thread.shutdownGracefully { _ in }
    }

    func write(_ line: Data) async throws {
        try await thread.runIfActive { [descriptor] in
            let bytes = Array(line) + [UInt8(ascii: "\n")]
            var written = 0
            while written < bytes.count {
                let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count >= 0 {
                    written += count
                } else if errno == EAGAIN {
                    // Someone who shares the stream has made it non-blocking.
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, -1)
                } else if errno != EINTR {
                    throw SystemError(call: "write", errno: errno)
                }
            }
        }
    }
}
