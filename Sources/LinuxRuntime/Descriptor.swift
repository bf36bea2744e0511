import CLinux
import Glibc

/// A file descriptor with one owner, which closes it once.
public struct Descriptor: ~Copyable, Sendable {
    /// The number, valid for as long as this value lives.
    public let number: Int32

    /// Takes over a descriptor that nothing else will close.
    public init(owning number: Int32) {
        self.number = number
    }

    deinit {
        // Linux releases the number even where close reports an error, so there is nothing to retry.
        _ = Glibc.close(number)
    }

    /// Closes the descriptor now, not at the end of its scope.
    public consuming func close() {}

    /// Gives the number away to an owner outside this type.
    public consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}

extension Descriptor {
    /// Opens a file, CLOEXEC, relative to a directory's descriptor if one is given.
    public static func open(
        _ path: String, flags: Int32, mode: UInt32 = 0, in directory: Int32? = nil
    ) throws(SystemError) -> Descriptor {
        Descriptor(owning: try check(clinux_open(directory ?? AT_FDCWD, path, flags, mode), "open \(path)"))
    }

    /// Another descriptor of the same open file, CLOEXEC, with the lowest number from `lowest` on that is free.
    borrowing func duplicate(from lowest: Int32) throws(SystemError) -> Descriptor {
        Descriptor(owning: try checkLibc(fcntl(number, F_DUPFD_CLOEXEC, lowest), "fcntl F_DUPFD_CLOEXEC"))
    }

    /// Makes reads and writes return EAGAIN instead of waiting; every descriptor of the open file is affected.
    public borrowing func setNonBlocking() throws(SystemError) {
        try check(clinux_set_nonblocking(number), "fcntl O_NONBLOCK")
    }

    /// Reads once; 0 is the end of the file, nil means that nothing is there now.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int? {
        while true {
            let count = Glibc.read(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            let error = SystemError.last("read")
            switch error.errno {
            case EINTR: continue
            case EAGAIN: return nil
            default: throw error
            }
        }
    }
}

/// The two ends of a pipe.
public struct Pipe: ~Copyable, Sendable {
    /// The end that is read here; never waits, unless it is a child's.
    public let reader: Descriptor
    /// The end that a child writes to; waits when the pipe is full, as programs expect of their output.
    public let writer: Descriptor

    /// Makes a pipe, of the kernel's default capacity unless `capacity` names one in bytes.
    public init(capacity: Int? = nil) throws(SystemError) {
        var ends: (Int32, Int32) = (-1, -1)
        try check(clinux_pipe(&ends.0, &ends.1), "pipe")
        let reader = Descriptor(owning: ends.0)
        let writer = Descriptor(owning: ends.1)
        if let capacity {
            // A refusal (pipe-user-pages-soft) leaves a smaller pipe, which is slower and nothing worse.
            _ = clinux_pipe_size(reader.number, Int32(clamping: capacity))
        }
        self.reader = reader
        self.writer = writer
    }

    /// A pipe of the other direction: its reader waits, as programs expect of their input, its writer never does.
    public static func forInput() throws(SystemError) -> Pipe {
        let pipe = try Pipe()
        try pipe.writer.setNonBlocking()
        try checkLibc(fcntl(pipe.reader.number, F_SETFL, 0), "fcntl F_SETFL")
        return pipe
    }
}
