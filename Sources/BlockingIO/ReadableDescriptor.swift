import Glibc
import NIOPosix

/// A descriptor to read from on a thread of its own, in a wait that ends when the task is cancelled.
///
/// A thread and not an event loop, for descriptors that an event loop can not serve: standard input may be a file or
/// /dev/null, which epoll refuses; and a listener that other processes accept from, too, wakes them all for one
/// connection, which swift-nio takes for a fault of its own (its debug build stops there).
public final class ReadableDescriptor: Sendable {
    private let descriptor: CInt
    private let thread = NIOThreadPool(numberOfThreads: 1)
    /// Ends the wait: both are waited for, and writing to the one makes the other readable.
    private let wakeEnds: (read: CInt, write: CInt)

    /// Prepares to read from a descriptor, which stays the caller's to close.
    ///
    /// - Throws: ``SystemError``.
    public init(_ descriptor: CInt) throws(SystemError) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError(call: "pipe", errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.descriptor = descriptor
        self.wakeEnds = (ends[0], ends[1])
        thread.start()
    }

    deinit {
        thread.shutdownGracefully { _ in }
        close(wakeEnds.read)
        close(wakeEnds.write)
    }

    /// Waits until the descriptor is readable and then calls `body`, on the thread; nil when the task is cancelled.
    public func whenReadable<Result: Sendable>(
        _ body: @escaping @Sendable (CInt) throws -> Result
    ) async throws -> Result? {
        try await withTaskCancellationHandler {
            do {
                return try await wait(for: body)
            } catch is CancellationError {
                // The pool's way to say that the task was cancelled before the thread was free.
                return nil
            }
        } onCancel: {
            // Once cancelled, for good: the byte stays, so every later wait ends at once, too.
            _ = write(wakeEnds.write, "!", 1)
        }
    }

    private func wait<Result: Sendable>(
        for body: @escaping @Sendable (CInt) throws -> Result
    ) async throws -> Result? {
        try await thread.runIfActive { [self] in
            var waits = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeEnds.read, events: Int16(POLLIN), revents: 0),
            ]
            while poll(&waits, nfds_t(waits.count), -1) < 0 {
                guard errno == EINTR else { throw SystemError(call: "poll", errno: errno) }
            }
            return waits[1].revents == 0 ? try body(descriptor) : nil
        }
    }
}

/// A system call that failed.
public struct SystemError: Error, CustomStringConvertible {
    /// The call's name.
    public let call: String
    /// The reason, as errno(3) numbers it.
    public let errno: CInt

    /// A failure of a call.
    public init(call: String, errno: CInt) {
        self.call = call
        self.errno = errno
    }

    public var description: String { "\(call): \(String(cString: strerror(errno)))" }
}
