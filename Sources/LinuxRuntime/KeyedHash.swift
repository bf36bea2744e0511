import Glibc

/// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): without the key nobody can tell which
/// content a hash is of, not even by trying all that are likely.
public struct KeyedHash: Sendable {
    /// How many bytes of a key there are.
    public static let keySize = 16

    private let key: (UInt64, UInt64)

    /// - Parameter key: `keySize` random bytes.
    public init(key: [UInt8]) {
        self.key = key.withUnsafeBytes { bytes in
            bytes.count < KeyedHash.keySize
                ? (0, 0) : (Self.word(bytes, 0), Self.word(bytes, 8))
        }
    }

    /// The hash of a content, as 16 hexadecimal digits.
    public func text(of content: [UInt8]) -> String { hexadecimal(hash(of: content)) }

    /// The hash of a file's content; the calling thread waits for the disk.
    /// - Throws: where it cannot be read, or is larger than 16 MiB.
    public func text(ofFile path: String) throws(SystemError) -> String {
        let content = try Self.contents(of: path, limit: Self.largestFile + 1)
        guard content.count <= Self.largestFile else { throw SystemError(errno: EFBIG, operation: "read \(path)") }
        return text(of: content)
    }

    private static let largestFile = 16 << 20

    func hash(of content: [UInt8]) -> UInt64 {
        var state = State(key)
        content.withUnsafeBytes { bytes in
            var position = 0
            while bytes.count - position >= 8 {
                state.take(Self.word(bytes, position))
                position += 8
            }
            var last = UInt64(truncatingIfNeeded: bytes.count) << 56
            for (index, byte) in bytes[position...].enumerated() { last |= UInt64(byte) << UInt64(8 * index) }
            state.take(last)
        }
        return state.finish()
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    private struct State {
        private var v0, v1, v2, v3: UInt64

        init(_ key: (UInt64, UInt64)) {
            v0 = key.0 ^ 0x736f_6d65_7073_6575
            v1 = key.1 ^ 0x646f_7261_6e64_6f6d
            v2 = key.0 ^ 0x6c79_6765_6e65_7261
            v3 = key.1 ^ 0x7465_6462_7974_6573
        }

        mutating func take(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        mutating func finish() -> UInt64 {
            v2 ^= 0xff
            for _ in 0..<4 { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }

        private mutating func round() {
            v0 &+= v1
            v1 = (v1 << 13 | v1 >> 51) ^ v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = (v3 << 16 | v3 >> 48) ^ v2
            v0 &+= v3
            v3 = (v3 << 21 | v3 >> 43) ^ v0
            v2 &+= v1
            v1 = (v1 << 17 | v1 >> 47) ^ v2
            v2 = v2 << 32 | v2 >> 32
        }
    }
}

extension KeyedHash {
    /// The hash whose key is in a file of 16 random bytes, which is made, for nobody else to read, where there is none.
    public static func keyed(byFile path: String) throws(SystemError) -> KeyedHash {
        if let key = try? contents(of: path, limit: keySize + 1), key.count == keySize { return KeyedHash(key: key) }
        var key = [UInt8](repeating: 0, count: keySize)
        guard getentropy(&key, key.count) == 0 else { throw SystemError.last("getentropy") }
        let file = try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        try checkLibc(fchmod(file.number, 0o600), "chmod \(path)")
        let count = key.withUnsafeBytes { Glibc.write(file.number, $0.baseAddress, $0.count) }
        guard count == keySize else { throw SystemError.last("write \(path)") }
        return KeyedHash(key: key)
    }

    private static func contents(of path: String, limit: Int) throws(SystemError) -> [UInt8] {
        try ProcFile.withBytes(path, limit: limit) { bytes in bytes.withUnsafeBufferPointer { Array($0) } }
    }
}
