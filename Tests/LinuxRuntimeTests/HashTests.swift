import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct HashTests {
    private func hash(_ text: String, piece: Int = .max) -> String {
        var hash = ContentHash()
        let bytes = Array(text.utf8)
        var position = 0
        repeat {
            let end = min(bytes.count, piece == .max ? bytes.count : position + piece)
            bytes[position..<end].withUnsafeBytes { hash.update($0) }
            position = end
        } while position < bytes.count
        return hexadecimal(hash.finish())
    }

    /// Known from the reference implementation.
    @Test(arguments: [
        ("", "ef46db3751d8e999"), ("a", "d24ec4f1a98c6e5b"), ("abc", "44bc2cf5ad770999"),
        ("Nobody inspects the spammish repetition", "fbcea83c8a378bf1"),
    ])
    func theContentHashIsXXH64(_ text: String, _ expected: String) {
        #expect(hash(text) == expected)
    }

    @Test func theContentHashDoesNotDependOnHowTheContentComes() {
        let text = String(repeating: "0123456789abcdef-", count: 50)
        let whole = hash(text)
        for piece in [1, 7, 31, 32, 33, 64, 100] { #expect(hash(text, piece: piece) == whole) }
        #expect(hash(text + "x") != whole)
    }

    /// The vectors of the paper's appendix: the key 00…0f, and 0, 8 and 15 bytes of 00, 01, ….
    @Test(arguments: [(0, 0x726f_db47_dd0e_0e31), (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5)])
    func theKeyedHashIsSipHash(_ count: Int, _ expected: UInt64) {
        let hash = KeyedHash(key: (0..<16).map { UInt8($0) })
        #expect(hash.hash(of: (0..<UInt8(count)).map { $0 }) == expected)
    }

    @Test func theKeyIsMadeOnceAndNobodyElsesToRead() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/key"
        let first = try KeyedHash.keyed(byFile: path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600 && status.st_size == 16)
        #expect(try KeyedHash.keyed(byFile: path).text(of: [1, 2]) == first.text(of: [1, 2]))
        let other = try KeyedHash.keyed(byFile: path + "2")
        #expect(other.text(of: [1, 2]) != first.text(of: [1, 2]))
    }
}
