import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct LogReadingTests {
    let harness: LogHarness

    init() throws {
        harness = try LogHarness()
    }

    private static let start: Int64 = 1_795_428_000

    private func record(_ service: String, _ number: UInt64, at second: Int64, _ text: String) -> String {
        let time = WallTime(nanoseconds: (Self.start + second) * 1_000_000_000)
        return "\(time) \(service)/0 out \(number) \(text)\n"
    }

    private func time(_ second: Int64) -> WallTime { WallTime(nanoseconds: (Self.start + second) * 1_000_000_000) }

    @Test func mergesSeveralLogsByTime() throws {
        try harness.directory.write(
            "a-0.log", [1, 4, 4, 9].enumerated().map { record("a", UInt64($0 + 1), at: $1, "a\($1)") }.joined())
        try harness.directory.write(
            "b-0.log", [2, 3, 10].enumerated().map { record("b", UInt64($0 + 1), at: $1, "b\($1)") }.joined())
        try harness.directory.write("c-0.log", record("c", 1, at: 0, "not asked for"))
        #expect(try harness.texts(harness.request("a", "b")) == ["a1", "b2", "b3", "a4", "a4", "a9", "b10"])
        let tail = harness.request("a", "b") { $0.tail = 2 }
        #expect(try harness.texts(tail) == ["b3", "a4", "a9", "b10"])
    }

    @Test func showsReplicasThatWereScaledAway() throws {
        for replica in [0, 1, 11] { try harness.log("replica \(replica)\n", "web", replica: replica) }
        try harness.restart()
        #expect(try harness.records(harness.request()).map(\.owner.replica) == [0, 1, 11])
    }

    @Test func filtersByTimeAndPattern() throws {
        try harness.directory.write(
            "web-0.log", (1...9).map { record("web", $0, at: Int64($0), "line \($0 % 3)") }.joined())
        #expect(try harness.records(harness.request { $0.since = time(7) }).map(\.number) == [7, 8, 9])
        #expect(try harness.records(harness.request { $0.until = time(3) }).map(\.number) == [1, 2])
        let pattern = try LogPattern("^line [02]$")
        #expect(try harness.records(harness.request { $0.pattern = pattern }).map(\.number) == [2, 3, 5, 6, 8, 9])
        // The tail is of those that everything else lets through.
        let tail = harness.request { ($0.pattern, $0.tail, $0.until) = (pattern, 2, time(8)) }
        #expect(try harness.records(tail).map(\.number) == [5, 6])
    }

    @Test(arguments: [false, true]) func goesOnThroughAllFiles(_ compresses: Bool) throws {
        let policy = LogPolicy(maximumSize: 4000, maximumFiles: 1000, compresses: compresses)
        let instance = try harness.attach("web", replica: 0, policy)
        for block in 0..<50 {
            try instance.put((1...20).map { "line \(block * 20 + $0)\n" }.joined())
            if block % 10 == 0 { _ = try harness.texts(harness.request { $0.tail = 1 }) }
        }
        let wanted = (1...1000).map { "line \($0)" }
        // While they are being compressed.
        #expect(try harness.texts() == wanted)
        if compresses { try waitUntilCompressed() }
        #expect(try harness.texts() == wanted)
        for count in [0, 1, 3, 60, 999, 1000, 2000] {
            #expect(try harness.texts(harness.request { $0.tail = count }) == wanted.suffix(count))
        }
        for number in [0, 1, 37, 500, 999, 1000] as [UInt64] {
            let after = harness.request { $0.after[LogOwner(service: "web", replica: 0)] = number }
            #expect(try harness.texts(after) == wanted.suffix(1000 - Int(number)))
        }
        // A number that was never given out is of another life.
        let strange = harness.request { $0.after[LogOwner(service: "web", replica: 0)] = 1001 }
        #expect(try harness.texts(strange).count == 1000)
        instance.output.finish()
        try harness.restart()
        try harness.log("next\n", "web", replica: 0, policy)
        #expect(try harness.records(harness.request { $0.tail = 1 }).map(\.number) == [1001])
    }

    @Test func noNumberOfAClientIsTooHigh() throws {
        for number in 1...3 as ClosedRange<UInt64> {
            let name = number < 3 ? LogFileName.archive(of: "web-0.log", number) : "web-0.log"
            try harness.directory.write(name, record("web", number, at: Int64(number), "line \(number)"))
        }
        for number in [UInt64.max, UInt64.max - 1, UInt64(Int64.max) + 1] {
            let after = harness.request { $0.after[LogOwner(service: "web", replica: 0)] = number }
            #expect(try harness.texts(after) == ["line 1", "line 2", "line 3"])
        }
        let last = harness.request { $0.after[LogOwner(service: "web", replica: 0)] = UInt64(Int64.max) }
        #expect(try harness.texts(last) == [])
    }

    @Test func whoHasGoneDoesNotWaitForADisk() throws {
        // A pipe that nobody reads takes so much and then, like a disk that hangs, no more.
        let path = "\(harness.path)/web-0.log"
        try #require(mkfifo(path, 0o600) == 0)
        let disk = try Descriptor.open(path, flags: O_RDWR | O_NONBLOCK)
        let instance = try harness.attach()
        // So that a text of any length finds somebody who reads it.
        try harness.loop.turn(waiting: true)
        let lineCount = 100_000
        try instance.put(String(repeating: "x\n", count: lineCount))
        let reading = harness.system.read(harness.request())
        try harness.wait(for: "the beginning") { await reading.begin() }
        let isOver = try harness.wait(for: "the end") {
            async let page = reading.next()
            reading.finish()
            return await page == nil
        }
        #expect(isOver)
        // It recovers, and no thread is left that waits.
        var written = 0
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        try harness.loop.poll(until: "the rest is written") {
            while let count = try buffer.withUnsafeMutableBytes({ try disk.read(into: $0) }) {
                written += buffer[..<count].count { $0 == UInt8(ascii: "\n") }
            }
            return written >= lineCount
        }
        instance.output.finish()
    }

    private func waitUntilCompressed() throws {
        try harness.loop.poll(until: "all are compressed") {
            let names = try harness.fileNames.filter { $0 != "web-0.log" }
            return names.count > 5 && names.allSatisfy { $0.hasSuffix(".gz") }
        }
    }

    @Test func whatIsNotKeptAnyMoreIsCounted() throws {
        let instance = try harness.attach("web", replica: 0, LogPolicy(maximumSize: 4000, maximumFiles: 2))
        for block in 0..<50 { try instance.put((1...20).map { "line \(block * 20 + $0)\n" }.joined()) }
        let items = try harness.items(harness.request { $0.after[LogOwner(service: "web", replica: 0)] = 10 })
        guard case .noLongerKept(let missing) = items.first, case .record(let first) = items.dropFirst().first else {
            Issue.record("no gap: \(items.prefix(2))")
            return
        }
        #expect(first.number == 11 + missing && items.count == 1 + 1000 - Int(first.number) + 1)
        instance.output.finish()
    }

    @Test(arguments: [LogPolicy.Destination.nowhere, .files(.text), .files(.json)])
    func aClientThatComesBackMissesNothing(_ destination: LogPolicy.Destination) throws {
        let instance = try harness.attach("web", replica: 0, LogPolicy(destination: destination))
        var seen: [String] = []
        var last: UInt64 = 0
        for round in 0..<10 {
            let reading = harness.system.read(
                harness.request {
                    $0.follow = true
                    if last > 0 { $0.after[LogOwner(service: "web", replica: 0)] = last }
                })
            try harness.wait(for: "the beginning") { await reading.begin() }
            try instance.put("\(round) first\n\(round) second\n")
            let wanted = round * 3 + 2
            let had = seen.count
            let page = try harness.wait(for: "what was written") {
                var records: [LogRecord] = []
                while had + records.count < wanted, let page = await reading.next() {
                    for case .record(let record) in page { records.append(record) }
                }
                return records
            }
            seen += page.map(\.text)
            last = page.last?.number ?? last
            reading.finish()
            try instance.put("\(round) while it is away\n")
        }
        let wanted = (0..<10).flatMap { ["\($0) first", "\($0) second", "\($0) while it is away"] }.dropLast()
        #expect(seen == Array(wanted))
        instance.output.finish()
    }

    @Test func aGapIsTheFirstToBeWrittenWhenThereIsRoomAgain() throws {
        // A file that cannot be opened stands for every error of a disk.
        let path = "\(harness.path)/web-0.log"
        mkdir(path, 0o755)
        let instance = try harness.attach()
        try instance.put("a\nb\n")
        _ = try harness.texts()
        rmdir(path)
        // Also where nothing more comes.
        try harness.loop.run(until: "it is told") { harness.troubles.count == 2 }
        #expect(harness.troubles.last == .resumed(droppedLines: 2, droppedBytes: 4))
        try instance.put("c\n")
        let records = try harness.records(harness.request())
        #expect(records.map(\.stream) == [.gap, .output] && records.map(\.number) == [2, 3])
        #expect(records.first?.text == "dropped 2 lines (4 bytes): open \(path): Is a directory")
        #expect(harness.system.counts(of: LogOwner(service: "web", replica: 0)).droppedLines == 2)
        instance.output.finish()
    }

    @Test func compressionThatACrashHasCutShortIsDoneAgain() throws {
        let first = "web-0.log.000000000001"
        try harness.directory.write(first, record("web", 1, at: 0, "one"))
        try harness.directory.write(first + ".gz.new", "half of it")
        try harness.directory.write("web-0.log", record("web", 2, at: 1, "two"))
        try harness.restart()
        try harness.log("three\n", "web", replica: 0, LogPolicy(compresses: true))
        try harness.loop.poll(until: "it is compressed") {
            try harness.fileNames == ["web-0.log", first + ".gz"]
        }
        #expect(try harness.texts() == ["one", "two", "three"])
    }
}
