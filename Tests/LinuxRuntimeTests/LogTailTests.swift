import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct LogTailTests {
    let loop: EventLoop
    let directory: TemporaryDirectory
    let pump: LogPump

    init() throws {
        loop = try EventLoop()
        directory = try TemporaryDirectory()
        pump = LogPump(loop: loop)
    }

    private func channel() -> LogChannel {
        pump.channel(service: "web", replica: 0, file: "\(directory.path)/log", limit: 1 << 30, keep: 2)
    }

    private func line(_ sequence: UInt64, _ text: String = "text") -> String {
        "2026-11-23T10:00:00.123456Z web/0 out \(sequence) \(text)\n"
    }

    private func lines(_ range: ClosedRange<UInt64>, _ text: String = "text") -> String {
        range.map { line($0, text) }.joined()
    }

    private func numbers(_ tail: LogTail) -> [UInt64] { tail.records.map(\.stamp.sequence) }

    @Test func readsNoMoreThanItIsAskedFor() throws {
        let text = lines(1...10_000)
        try directory.write("log", text)
        let few = channel().tail(3)
        #expect(numbers(few) == [9_998, 9_999, 10_000])
        #expect(!few.isCut && few.byteCount == 64 * 1024)
        let all = channel().tail(20_000)
        #expect(numbers(all) == Array(1...10_000))
        #expect(!all.isCut && all.byteCount == text.utf8.count)
    }

    @Test func saysThatTheLimitCutItShort() throws {
        try directory.write("log", lines(1...1000))
        let length = line(1000).utf8.count - 1  // as long as the line of each number of three digits
        let tail = channel().tail(1000, limit: length * 10)
        // The piece begins within a line, which is none then.
        #expect(numbers(tail) == Array(992...1000))
        #expect(tail.isCut && tail.byteCount == length * 10)
        #expect(numbers(channel().tail(5, limit: length * 10)) == Array(996...1000))
    }

    @Test func goesOnInOlderFiles() throws {
        try directory.write("log.2", lines(1...3))
        try directory.write("log.1", lines(4...5))
        try directory.write("log", line(6))
        #expect(numbers(channel().tail(4)) == [3, 4, 5, 6])
        #expect(numbers(channel().tail(9)) == Array(1...6))
        let cut = channel().tail(9, limit: line(1).utf8.count * 3)
        #expect(numbers(cut) == [4, 5, 6] && cut.isCut)
    }

    @Test func findsLinesThatAreLongerThanAPiece() throws {
        let long = String(repeating: "x", count: 150_000)
        try directory.write("log", lines(1...3, long) + "noise\n\n" + line(4))
        let tail = channel().tail(10)
        #expect(numbers(tail) == [1, 2, 3, 4])
        #expect(tail.records[1].text == long)
    }

    @Test func aNumberThatCannotBeCountedOnFromIsNone() throws {
        try directory.write("log", line(41) + line(.max) + line(1 << 63))
        let channel = channel()
        let output = try pump.attach(channel)
        output.withWriters { out, _ in #expect(write(out, "a\n", 2) == 2) }
        output.finish()
        #expect(numbers(channel.tail(10)) == [41, 42])
    }
}
