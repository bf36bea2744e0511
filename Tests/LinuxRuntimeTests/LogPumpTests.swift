import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct LogPumpTests {
    let loop: EventLoop
    let directory: TemporaryDirectory
    let pump: LogPump

    init() throws {
        loop = try EventLoop()
        directory = try TemporaryDirectory()
        pump = LogPump(loop: loop)
    }

    private func channel(limit: Int = 1 << 30, keep: Int = 3) -> LogChannel {
        pump.channel(service: "backend", replica: 0, file: "\(directory.path)/log", limit: limit, keep: keep)
    }

    private func put(_ text: [UInt8], _ descriptor: Int32) throws {
        var rest = text[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw SystemError.last("write") }
            rest = rest.dropFirst(count)
        }
    }

    private func texts(_ records: [LogRecord]) -> [String] { records.map(\.text) }

    @Test func keepsLinesOfBothStreamsInOrder() throws {
        let channel = channel()
        let output = try pump.attach(channel)
        try output.withWriters { out, err in
            try put(Array("one\n\nthree\n".utf8), out)
            output.drain()
            try put(Array("four\n".utf8), err)
        }
        output.finish()
        let records = channel.tail(10).records
        #expect(texts(records) == ["one", "", "three", "four"])
        #expect(records.map(\.stamp.sequence) == [1, 2, 3, 4])
        #expect(records.map(\.stamp.stream) == [.output, .output, .output, .error])
        #expect(Set(records.map { "\($0.stamp.service)/\($0.stamp.replica)" }) == ["backend/0"])
    }

    @Test func joinsALineThatComesInPieces() throws {
        let channel = channel()
        let output = try pump.attach(channel)
        try output.withWriters { out, _ in
            for piece in ["be", "gin", "ning\nand e", "nd"] {
                try put(Array(piece.utf8), out)
                output.drain()
            }
        }
        #expect(texts(channel.tail(10).records) == ["beginning"])
        output.finish()
        #expect(texts(channel.tail(10).records) == ["beginning", "and end"])
    }

    @Test(arguments: [65_535, 65_536, 65_537, 131_072, 200_000]) func cutsALongLine(_ length: Int) throws {
        let channel = channel()
        let output = try pump.attach(channel)
        let line = (0..<length).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        try output.withWriters { out, _ in
            for start in stride(from: 0, to: length, by: 50_000) {
                try put(Array(line[start..<min(length, start + 50_000)]), out)
                output.drain()
            }
            try put(Array("\nnext\n".utf8), out)
        }
        output.finish()
        let records = channel.tail(10).records
        let pieces = records.dropLast()
        #expect(pieces.map(\.stamp.continues) == pieces.indices.map { $0 < pieces.count - 1 })
        #expect(pieces.allSatisfy { $0.text.utf8.count <= 65_536 })
        #expect(pieces.map(\.text).joined() == String(decoding: line, as: UTF8.self))
        #expect(records.last?.text == "next")
    }

    @Test func numbersGoOnInTheNextDaemonAndAfterATornRecord() throws {
        let first = channel()
        let output = try pump.attach(first)
        try output.withWriters { out, _ in try put(Array("a\nb\n".utf8), out) }
        output.finish()
        // A crash in the middle of a write.
        let file = try Descriptor.open("\(directory.path)/log", flags: O_WRONLY | O_APPEND)
        try put(Array("2026-11-".utf8), file.number)

        let second = channel()
        let next = try pump.attach(second)
        try next.withWriters { out, _ in try put(Array("c\n".utf8), out) }
        next.finish()
        #expect(second.tail(10).records.map(\.stamp.sequence) == [1, 2, 3])
        #expect(texts(second.tail(1).records) == ["c"])
    }

    @Test func numbersGoOnAfterARotationThatWasCutShort() throws {
        func log(_ text: String) throws -> UInt64? {
            let channel = channel()
            let output = try pump.attach(channel)
            try output.withWriters { out, _ in try put(Array(text.utf8), out) }
            output.finish()
            return channel.tail(1).records.last?.stamp.sequence
        }
        let file = "\(directory.path)/log"
        #expect(try log("a\nb\n") == 2)
        // The file was moved on, and no new one begun.
        #expect(rename(file, "\(file).1") == 0)
        #expect(try log("c\n") == 3)
        // An older one was moved on, and nothing put into its place; what was there before has no whole record.
        #expect(rename(file, "\(file).2") == 0)
        #expect(unlink("\(file).1") == 0)
        try directory.write("log", "2026-11-")
        #expect(try log("d\n") == 4)
    }

    @Test func callsSubscribersWithEachLine() throws {
        let channel = channel()
        let output = try pump.attach(channel)
        var lines: [String] = []
        var all = 0
        let subscription = channel.subscribe { stamp, text in
            lines.append("\(stamp.sequence) " + text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
        }
        pump.onLine = { _, _ in all += 1 }
        try output.withWriters { out, _ in
            try put(Array("a\nb\n".utf8), out)
            output.drain()
            channel.unsubscribe(subscription)
            try put(Array("c\n".utf8), out)
        }
        output.finish()
        #expect(lines == ["1 a", "2 b"])
        #expect(all == 3)
    }

    @Test func drainTakesNoMoreThanWasThere() throws {
        let channel = channel()
        let output = try pump.attach(channel)
        let writer = output.withWriters { out, _ in Descriptor(owning: fcntl(out, F_DUPFD_CLOEXEC, 0)) }
        // A subscriber that writes as fast as it reads, as an orphan that floods may.
        var lines = 0
        _ = channel.subscribe { _, _ in
            lines += 1
            if lines < 1000 { _ = Glibc.write(writer.number, "x\n", 2) }
        }
        try put(Array("x\nx\n".utf8), writer.number)
        output.drain()
        #expect(lines >= 2 && lines < 10)
        output.finish()
    }

    @Test func keepsAsManyFilesAsItIsTold() throws {
        let channel = channel(limit: 2000, keep: 2)
        let output = try pump.attach(channel)
        try output.withWriters { out, _ in
            for number in 0..<200 {
                try put(Array("line \(number)\n".utf8), out)
                output.drain()
            }
        }
        output.finish()
        let names = try ProcFile.names(in: try Descriptor.open(directory.path, flags: O_RDONLY | O_DIRECTORY)).sorted()
        #expect(names == ["log", "log.1", "log.2"])
        for name in names { #expect(try contents("\(directory.path)/\(name)").utf8.count <= 2000) }
        let tail = channel.tail(60).records
        #expect(texts(tail) == (140..<200).map { "line \($0)" })
    }

    @Test func keepingNoneBeginsAnew() throws {
        let channel = channel(limit: 500, keep: 0)
        let output = try pump.attach(channel)
        try output.withWriters { out, _ in
            for number in 0..<50 {
                try put(Array("line \(number)\n".utf8), out)
                output.drain()
            }
        }
        output.finish()
        #expect(try ProcFile.names(in: try Descriptor.open(directory.path, flags: O_RDONLY | O_DIRECTORY)) == ["log"])
        #expect(channel.tail(1).records.last?.text == "line 49")
    }

    @Test func goesOnInTheSameFileWhereItCannotBeRotated() throws {
        mkdir("\(directory.path)/log.1", 0o755)  // a directory cannot be replaced by a file
        let channel = channel(limit: 500, keep: 1)
        var troubles = 0
        pump.onTrouble = { _, trouble in if case .notRotated = trouble { troubles += 1 } }
        let output = try pump.attach(channel)
        try output.withWriters { out, _ in
            for number in 0..<50 {
                try put(Array("line \(number)\n".utf8), out)
                output.drain()
            }
        }
        output.finish()
        #expect(texts(channel.tail(100).records) == (0..<50).map { "line \($0)" })
        #expect(troubles > 0 && troubles < 10)
    }

    @Test func countsWhatItCannotWriteAndSaysSo() throws {
        // A file that cannot be opened stands for every error of a disk.
        mkdir("\(directory.path)/log", 0o755)
        let channel = channel()
        var troubles: [String] = []
        pump.onTrouble = { _, trouble in
            switch trouble {
            case .dropping(let error): troubles.append("dropping \(error.errno)")
            case .resumed(let lines, _): troubles.append("resumed \(lines)")
            case .notRotated: troubles.append("not rotated")
            }
        }
        let output = try pump.attach(channel)
        try output.withWriters { out, _ in
            try put(Array("a\nb\n".utf8), out)
            output.drain()
            try put(Array("c\n".utf8), out)
            output.drain()
            rmdir("\(directory.path)/log")
            try put(Array("d\n".utf8), out)
        }
        output.finish()
        #expect(troubles == ["dropping \(EISDIR)", "resumed 3"])
        let records = channel.tail(10).records
        #expect(records.map(\.stamp.stream) == [.gap, .output])
        #expect(records[0].text.hasPrefix("dropped 3 lines (") && records[0].text.hasSuffix("): Is a directory"))
        #expect(records[1].text == "d" && records[1].stamp.sequence == 4)
    }

    @Test(.enabled(if: isRoot, "only root may mount a small file system"))
    func aFullDiskStopsNothing() throws {
        let disk = "\(directory.path)/disk"
        mkdir(disk, 0o755)
        try #require(mount("none", disk, "tmpfs", 0, "size=64k") == 0)
        defer { umount2(disk, 2) }
        let channel = pump.channel(service: "flood", replica: 0, file: "\(disk)/log", limit: 1 << 30, keep: 1)
        let filler = try directory.write("disk/filler", String(repeating: "x", count: 16_384))
        let output = try pump.attach(channel)
        try output.withWriters { out, _ in
            for number in 0..<4000 {
                try put(Array("line \(number)\n".utf8), out)
                if number % 50 == 0 { output.drain() }
            }
            output.drain()
            #expect(unlink(filler) == 0)
            try put(Array("after\n".utf8), out)
        }
        output.finish()
        let lines = try contents("\(disk)/log").split(separator: "\n")
        let records = lines.compactMap { LogRecord(parsing: Array($0.utf8)) }
        #expect(records.count == lines.count, "every record is whole")
        let kept = records.filter { $0.stamp.stream == .output }
        #expect(kept.last?.text == "after" && kept.last?.stamp.sequence == 4001)
        let gap = try #require(records.last { $0.stamp.stream == .gap })
        #expect(gap.text.hasPrefix("dropped \(4001 - kept.count) lines ("))
        #expect(gap.text.hasSuffix(": No space left on device"))
    }
}

extension RealProcesses {
    @Suite struct LogFloodTests {
        @Test func aFloodPassesThroughRotationWithEachNumberOnce() throws {
            let harness = try Harness()
            let directory = try TemporaryDirectory()
            let pump = LogPump(loop: harness.loop)
            let channel = pump.channel(
                service: "flood", replica: 0, file: "\(directory.path)/log", limit: 1_000_000, keep: 100)
            let output = try pump.attach(channel)
            var status: ProcessExit?
            var request = SpawnRequest(
                arguments: ["seq", "1", "300000"], environment: ["PATH": SpawnRequest.defaultPath])
            let spawned = try output.withWriters { out, err in
                request.standardOutput = out
                request.standardError = err
                return try harness.spawner.spawn(request)
            }
            let process = try harness.exits.watch(spawned) { status = $0 }
            // The loop has other work meanwhile, and gets to it.
            var turns = 0
            harness.loop.onTurnEnd = { turns += 1 }
            try harness.loop.run(until: "the flood's end") { status != nil }
            output.finish()
            #expect(process.status == .exited(code: 0))
            #expect(turns > 10)

            let names = try ProcFile.names(in: try Descriptor.open(directory.path, flags: O_RDONLY | O_DIRECTORY))
            #expect(names.count > 10)
            var next = 1
            for index in stride(from: names.count - 1, through: 0, by: -1) {
                let path = index == 0 ? "\(directory.path)/log" : "\(directory.path)/log.\(index)"
                let lines = try ProcFile.withBytes(path, limit: 1 << 30) { span in
                    span.withUnsafeBufferPointer { bytes in
                        bytes.split(separator: UInt8(ascii: "\n")).map { line in
                            String(
                                decoding: line.suffix(from: (line.lastIndex(of: 32) ?? line.startIndex) + 1),
                                as: UTF8.self)
                        }
                    }
                }
                for line in lines {
                    try #require(line == String(next))
                    next += 1
                }
            }
            #expect(next == 300_001)
        }

        @Test func aPipeThatAnOrphanHoldsIsNotWaitedFor() throws {
            let harness = try Harness()
            let directory = try TemporaryDirectory()
            let pump = LogPump(loop: harness.loop)
            let channel = pump.channel(service: "a", replica: 0, file: "\(directory.path)/log", limit: 1 << 20, keep: 1)
            let output = try pump.attach(channel)
            var request = shell("setsid sleep 1000 & echo $!; printf unfinished")
            let spawned = try output.withWriters { out, err in
                request.standardOutput = out
                request.standardError = err
                return try harness.spawner.spawn(request)
            }
            let process = try harness.exits.watch(spawned) { _ in }
            try harness.loop.run(until: "the exit") { process.status != nil }
            output.finish()
            let records = channel.tail(10).records
            #expect(records.last?.text == "unfinished")
            let orphan = try #require(records.first.flatMap { Int32($0.text) })
            let pidfd = try ProcessIdentity.of(pid: orphan).open()
            try harness.exits.watch(pid: orphan, pidfd: pidfd) { _ in }.signal(SIGKILL)
        }
    }
}
