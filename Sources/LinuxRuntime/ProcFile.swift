import Glibc

/// Small files that the kernel makes up as they are read, and its directories.
enum ProcFile {
    /// Reads a file whole, up to `limit` bytes, and hands its bytes over.
    static func withBytes<Result>(
        _ path: String, in directory: Int32? = nil, limit: Int = 1 << 20, _ body: (Span<UInt8>) -> Result
    ) throws(SystemError) -> Result {
        let file = try Descriptor.open(path, flags: O_RDONLY, in: directory)
        var bytes: [UInt8] = []
        try withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 16) { (buffer) throws(SystemError) in
            while bytes.count < limit {
                let count = Glibc.read(file.number, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw SystemError.last("read \(path)") }
                guard count > 0 else { return }
                bytes.append(contentsOf: buffer[..<count])
            }
        }
        return body(bytes.span)
    }

    /// Reads a file whole as text.
    static func text(_ path: String, in directory: Int32? = nil) throws(SystemError) -> String {
        try withBytes(path, in: directory) { bytes in
            bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Writes a file that takes its whole content in one call.
    static func write(
        _ text: String, to path: String, in directory: Int32? = nil, flags: Int32 = 0
    ) throws(SystemError) {
        let file = try Descriptor.open(path, flags: O_WRONLY | O_TRUNC | flags, in: directory)
        var copy = text
        let count = copy.withUTF8 { Glibc.write(file.number, $0.baseAddress, $0.count) }
        if count < 0 { throw SystemError.last("write \(path)") }
    }

    /// The names in a directory, without "." and "..", in no order.
    static func names(in directory: borrowing Descriptor) throws(SystemError) -> [String] {
        try entries(of: directory) { _ in true }
    }

    /// The names of the directories in one of the kernel's directories, which tell the kind of each entry.
    static func directories(in directory: borrowing Descriptor) throws(SystemError) -> [String] {
        try entries(of: directory) { $0 == DT_DIR }
    }

    private static func entries(
        of directory: borrowing Descriptor, where isWanted: (_ kind: Int) -> Bool
    ) throws(SystemError) -> [String] {
        // A stream of its own, so that the caller's descriptor keeps its position and its owner.
        let copy = try Descriptor.open(".", flags: O_RDONLY | O_DIRECTORY, in: directory.number)
        let number = copy.release()
        guard let stream = fdopendir(number) else {
            let error = SystemError.last("open directory")
            close(number)
            throw error
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            guard isWanted(Int(entry.pointee.d_type)) else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
