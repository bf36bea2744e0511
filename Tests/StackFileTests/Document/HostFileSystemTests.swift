import Glibc
import Testing

@testable import StackFile

@Suite struct HostFileSystemTests {
    /// Reads a path, or says why it cannot be read.
    private func read(_ path: String, limit: Int = 100) -> String {
        do throws(FileError) {
            return String(decoding: try HostFileSystem().readFile(path, limit: limit), as: UTF8.self)
        } catch {
            return "\(error)"
        }
    }

    @Test func readsAFileUpToTheLimit() throws {
        var name = Array("/tmp/stackfile-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        #expect(write(descriptor, "12345", 5) == 5)
        let path = String(decoding: name.dropLast().map(UInt8.init), as: UTF8.self)
        defer { unlink(path) }
        #expect(read(path) == "12345")
        #expect(read(path, limit: 5) == "12345")
        #expect(read(path, limit: 4) == "tooLarge(limit: 4)")
        #expect(read(path + "\0") == "notFound")
    }

    @Test func endlessFilesEnd() {
        #expect(read("/dev/zero") == "tooLarge(limit: 100)")
    }

    @Test func saysWhyNot() {
        #expect(read("/nonexistent/file") == "notFound")
        #expect(read("/tmp") == #"unreadable("it is a directory")"#)
    }
}
