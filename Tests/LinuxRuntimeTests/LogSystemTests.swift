import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct LogSystemTests {
    let harness: LogHarness

    init() throws {
        harness = try LogHarness()
    }

    @Test func keepsLinesOfBothStreamsInOrder() throws {
        let output = try harness.system.attach(LogOwner(service: "web", replica: 0), LogPolicy())
        try output.withWriters { out, err in
            try write("one\n\nthree\n", to: out)
            #expect(try harness.texts() == ["one", "", "three"])
            try write("four\n", to: err)
        }
        output.finish()
        let records = try harness.records(harness.request())
        #expect(records.map(\.text) == ["one", "", "three", "four"])
        #expect(records.map(\.number) == [1, 2, 3, 4])
        #expect(records.map(\.stream) == [.output, .output, .output, .error])
        #expect(Set(records.map(\.owner)) == [LogOwner(service: "web", replica: 0)])
    }

    @Test func joinsALineThatComesInPieces() throws {
        let instance = try harness.attach()
        for piece in ["be", "gin", "ning\nand e", "nd"] {
            try instance.put(piece)
            _ = try harness.texts()
        }
        #expect(try harness.texts() == ["beginning"])
        instance.output.finish()
        #expect(try harness.texts() == ["beginning", "and end"])
    }

    @Test(arguments: [65_535, 65_536, 65_537, 131_072, 200_000], [LogFormat.text, .json])
    func cutsALongLine(_ length: Int, _ format: LogFormat) throws {
        let instance = try harness.attach("web", replica: 0, LogPolicy(destination: .files(format)))
        let line = String(decoding: (0..<length).map { UInt8(ascii: "a") + UInt8($0 % 26) }, as: UTF8.self)
        _ = try harness.texts()
        for start in stride(from: 0, to: length, by: 50_000) {
            try instance.put(String(line.dropFirst(start).prefix(50_000)))
            _ = try harness.texts(harness.request { $0.tail = 0 })
        }
        try instance.put("\nnext\n")
        instance.output.finish()
        let records = try harness.records(harness.request())
        let pieces = records.dropLast()
        #expect(pieces.map(\.continues) == pieces.indices.map { $0 < pieces.count - 1 })
        #expect(pieces.allSatisfy { $0.text.utf8.count <= 65_536 })
        #expect(pieces.map(\.text).joined() == line)
        #expect(records.last?.text == "next")
        #expect(records.map(\.number) == Array(1...UInt64(records.count)))
    }

    @Test func numbersGoOnInTheNextDaemonAndAfterATornRecord() throws {
        try harness.log("a\nb\n")
        try harness.finish()
        // A crash in the middle of a write.
        let file = try Descriptor.open("\(harness.path)/web-0.log", flags: O_WRONLY | O_APPEND)
        try write("2026-11-", to: file.number)
        try harness.restart()
        try harness.log("c\n")
        let records = try harness.records(harness.request())
        #expect(records.map(\.number) == [1, 2, 3] && records.last?.text == "c")
    }

    @Test func numbersGoOnAfterARotationThatWasCutShort() throws {
        try harness.log("a\nb\n")
        try harness.finish()
        // The file was moved away, and no new one begun.
        let file = "\(harness.path)/web-0.log"
        #expect(rename(file, "\(file).000000000001") == 0)
        try harness.restart()
        try harness.log("c\n")
        #expect(try harness.records(harness.request()).map(\.number) == [1, 2, 3])
    }

    @Test func aLastLineWithoutNewlineIsKeptWhenTheWriterCloses() throws {
        let instance = try harness.attach()
        try instance.put("a\nunfinished")
        instance.close()
        var texts: [String] = []
        for _ in 0..<10_000 where texts.count < 2 { texts = try harness.texts() }
        #expect(texts == ["a", "unfinished"])
        instance.output.finish()
    }

    /// As an instance and the one that replaces it.
    @Test func twoInstancesOfAReplicaWriteOneLogWithoutLoss() throws {
        let writers = try [harness.attach(), harness.attach()]
        _ = try harness.texts()
        let lines = 2000
        for (index, writer) in writers.enumerated() {
            let descriptor = writer.takeWriter()
            onThread {
                for line in 0..<lines {
                    // In two writes, so that lines of the one come between the halves of the other's.
                    try? write("\(index) ", to: descriptor)
                    try? write("\(line)\n", to: descriptor)
                }
                close(descriptor)
            }
        }
        let owner = LogOwner(service: "web", replica: 0)
        try harness.loop.poll(until: "all lines") { harness.system.counts(of: owner).lines == lines * 2 }
        // The former ends, and what runs beside the other goes on as that does.
        writers[0].output.finish()
        let third = try harness.system.attach(owner, LogPolicy(), isBeside: true)
        third.finish()
        writers[1].output.finish()
        let records = try harness.records(harness.request())
        #expect(records.map(\.number) == Array(1...UInt64(lines * 2)))
        for index in 0...1 {
            let texts = records.map(\.text).filter { $0.hasPrefix("\(index) ") }
            #expect(texts == (0..<lines).map { "\(index) \($0)" })
        }
    }

    @Test func anotherPolicyAppliesToWhatRuns() throws {
        let instance = try harness.attach()
        try instance.put("text\n")
        _ = try harness.texts()
        try harness.system.adopt(LogPolicy(destination: .files(.json)), of: LogOwner(service: "web", replica: 0))
        // What comes beside it does not bring the former back.
        let hook = try harness.system.attach(LogOwner(service: "web", replica: 0), LogPolicy(), isBeside: true)
        hook.finish()
        _ = try harness.texts()
        try instance.put("json\n")
        instance.output.finish()
        #expect(try harness.texts() == ["text", "json"])
        try harness.finish()
        // A file has one format: the lines of the former are in one of their own.
        #expect(try contents("\(harness.path)/web-0.log").hasPrefix("{"))
        #expect(try contents("\(harness.path)/web-0.log.000000000001").hasSuffix(" text\n"))
    }

    @Test func watchesSeeEachLineUntilOneMatches() throws {
        let instance = try harness.attach()
        var matches = 0
        instance.output.watch(for: try LogPattern("^ready [0-9]+$")) { matches += 1 }
        try instance.put("not ready 7\nrea")
        _ = try harness.texts()
        #expect(matches == 0)
        try instance.put("dy 7\nready 8\n")
        try harness.loop.run(until: "the match") { matches > 0 }
        _ = try harness.texts()
        try instance.put("ready 9\n")
        _ = try harness.texts()
        #expect(matches == 1)
        instance.output.finish()
    }

    @Test func whatFollowsComesOnceAndInOrder() throws {
        try harness.log("1\n2\n")
        let instance = try harness.attach()
        let reading = harness.system.read(harness.request { $0.follow = true })
        try harness.wait(for: "the beginning") { await reading.begin() }
        try instance.put("3\n4\n")
        instance.output.finish()
        let texts = try harness.wait(for: "four lines") {
            var texts: [String] = []
            while texts.count < 4, let page = await reading.next() {
                for case .record(let record) in page { texts.append(record.text) }
            }
            return texts
        }
        #expect(texts == ["1", "2", "3", "4"])
        reading.finish()
        #expect(try harness.wait(for: "the end") { await reading.next() } == nil)
    }

    @Test func aFollowerThatDoesNotReadIsToldHowMuchItMissed() throws {
        let instance = try harness.attach()
        let reading = harness.system.read(
            harness.request {
                $0.follow = true; $0.tail = 0
            })
        try harness.wait(for: "the beginning") { await reading.begin() }
        let line = String(repeating: "x", count: 999) + "\n"
        for _ in 0..<3000 { try instance.put(line) }
        instance.output.finish()
        #expect(try harness.records(harness.request()).count == 3000)
        let (records, missed) = try harness.wait(for: "what there is") {
            var records = 0
            var missed: UInt64 = 0
            while records + Int(missed) < 3000, let page = await reading.next() {
                for item in page {
                    switch item {
                    case .record: records += 1
                    case .tooSlow(let count): missed += count
                    case .noLongerKept: break
                    }
                }
            }
            return (records, missed)
        }
        #expect(records + Int(missed) == 3000 && missed > 0 && records > 0)
    }

    @Test(arguments: [LogPolicy.Destination.nowhere, .files(.json)])
    func countsWhatWasRead(_ destination: LogPolicy.Destination) throws {
        try harness.log("one\ntwo\nlast", "web", replica: 0, LogPolicy(destination: destination))
        try harness.finish()
        let counts = harness.system.counts(of: LogOwner(service: "web", replica: 0))
        #expect(counts == LogCounts(lines: 3, bytes: 12, droppedLines: 0, droppedBytes: 0))
    }

    @Test func aDiskThatHangsCostsLinesAndHoldsNobodyUp() throws {
        try harness.log("first\n")
        try harness.finish()
        // A pipe that nobody reads takes so much and no more, as a disk that has ceased to answer.
        let file = "\(harness.path)/web-0.log"
        #expect(unlink(file) == 0 && mkfifo(file, 0o600) == 0)
        let instance = try harness.attach()
        _ = try harness.loop.turn(waiting: true)
        let lines = 200_000
        let text = String(repeating: "x", count: 99) + "\n"
        // This waits for a moment, not for the disk.
        for _ in 0..<(lines / 100) { try instance.put(String(repeating: text, count: 100)) }
        try harness.loop.run(until: "it is told") { !harness.troubles.isEmpty }
        guard case .dropping = harness.troubles.first else {
            Issue.record("\(harness.troubles)")
            return
        }
        // It answers again.
        instance.output.finish()
        let disk = try Descriptor.open(file, flags: O_RDONLY | O_NONBLOCK)
        var taken: [UInt8] = []
        let owner = LogOwner(service: "web", replica: 0)
        try harness.loop.poll(until: "what is missing is written") {
            taken += try available(disk)
            let records = taken.count { $0 == UInt8(ascii: "\n") }
            return harness.troubles.count == 2
                && records == 1 + lines - Int(harness.system.counts(of: owner).droppedLines)
        }
        let counts = harness.system.counts(of: owner)
        let gap = "dropped \(counts.droppedLines) lines (\(counts.droppedBytes) bytes): "
        #expect(String(decoding: taken, as: UTF8.self).contains(gap))
        #expect(counts.droppedLines > 0 && counts.droppedBytes == counts.droppedLines * 100)
        #expect(counts.lines == UInt64(lines) + 1)
    }

    @Test func manyInstancesAtOnceLoseNothing() throws {
        let pairs = (0..<100).map { "s\($0)" }
        for name in pairs { try harness.log("hello\n", name) }
        try harness.finish()
        for name in pairs { #expect(try contents("\(harness.path)/\(name)-0.log").hasSuffix(" 1 hello\n")) }
    }
}
