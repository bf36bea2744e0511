import Glibc
import LinuxRuntime
import Testing

@testable import DaemonKit

@Suite struct LineOutputTests {
    /// Everything that is there, as lines.
    private func lines(_ reader: borrowing Descriptor) throws -> [String] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while let count = try buffer.withUnsafeMutableBytes({ try reader.read(into: $0) }), count > 0 {
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Writes far more than is taken, then reads, then writes once more.
    private func flood(_ output: inout LineOutput, _ reader: borrowing Descriptor) throws {
        let count = 20_000
        for number in 0..<count { output.write("line \(number) \(String(repeating: "x", count: 100))") }
        let taken = try lines(reader).filter { $0.hasPrefix("line ") && $0.utf8.count > 100 }.count
        #expect(taken > 0 && taken < count)
        output.write("after")
        let rest = try lines(reader)
        #expect(rest.count >= 2 && rest.last == "after")
        let notice = try #require(rest.dropLast().last)
        #expect(notice.hasSuffix("lines were dropped, because nobody read them"))
        let dropped = try #require(Int(notice.split(separator: " ")[1]))
        #expect(taken + dropped == count)
        output.write("again")
        #expect(try lines(reader) == ["again"])
    }

    @Test func doesNotWaitForAPipeThatNobodyReads() throws {
        let pipe = try Pipe()
        let number = pipe.writer.number
        var output = LineOutput(to: number)
        try flood(&output, pipe.reader)
        #expect(fcntl(number, F_GETFL) & O_NONBLOCK == 0, "whoever shares the pipe may wait for it")
    }

    @Test func doesNotWaitForASocketThatNobodyReads() throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let reader = Descriptor(owning: ends[0])
        let writer = Descriptor(owning: ends[1])
        try reader.setNonBlocking()
        var output = LineOutput(to: writer.number)
        try flood(&output, reader)
        #expect(fcntl(writer.number, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test func writesToAFile() throws {
        let directory = try TemporaryDirectory()
        let file = try Descriptor.open("\(directory.path)/log", flags: O_WRONLY | O_CREAT, mode: 0o600)
        var output = LineOutput(to: file.number)
        let long = String(repeating: "x", count: 10_000)
        for line in ["one", long, "three"] { output.write(line) }
        #expect(try directory.read("log") == "one\n\(long)\nthree\n")
    }
}
