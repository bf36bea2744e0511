import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct LogFileTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private var path: String { "\(directory.path)/web-0.log" }

    private func file(
        size: Int = 1 << 30, files: Int = 3, age: Duration? = nil, format: LogFormat = .text, compresses: Bool = false
    ) -> LogFile {
        let policy = LogPolicy(
            destination: .files(format), maximumSize: size, maximumFiles: files, maximumAge: age, compresses: compresses
        )
        return LogFile(
            path: path, policy: policy, archives: LogFileName.list(directory.path).archives["web-0.log"] ?? [])
    }

    private func records(_ numbers: ClosedRange<UInt64>, _ format: LogFormat = .text, second: Int64 = 0) -> [UInt8] {
        numbers.flatMap { number in
            var head = LogHead()
            let time = WallTime(nanoseconds: (1_795_428_000 + second) * 1_000_000_000)
            head.begin(format, LogOwner(service: "web", replica: 0), .output, number: number, time: time)
            return Array(head.bytes) + Array("line \(number)\(head.tail)".utf8)
        }
    }

    private func append(_ bytes: [UInt8], to file: LogFile, second: Int64 = 0) -> LogFile.Outcome {
        let now = WallTime(nanoseconds: (1_795_428_000 + second) * 1_000_000_000)
        return bytes.withUnsafeBytes { file.append($0, now: now) }
    }

    private var names: [String] {
        get throws {
            try ProcFile.names(in: try Descriptor.open(directory.path, flags: O_RDONLY | O_DIRECTORY)).sorted()
        }
    }

    /// The numbers of all files' lines, in the order of their names, the present file last.
    private func numbers() throws -> [UInt64] {
        try (names.filter { $0 != "web-0.log" } + ["web-0.log"]).flatMap { name -> [UInt64] in
            guard let reader = LogFileReader(path: "\(directory.path)/\(name)") else { return [] }
            var numbers: [UInt64] = []
            while let line = reader.next() {
                if let record = RawLogRecord(parsing: line) { numbers.append(record.number) }
            }
            return numbers
        }
    }

    @Test func isRotatedBeforeItGrowsBeyondItsSize() throws {
        let file = file(size: 2000, files: 100)
        // In pieces that do not fit into the rest of a file, and in one that is larger than a file.
        for start in stride(from: UInt64(1), to: 71, by: 7) {
            #expect(append(records(start...(start + 6)), to: file).error == nil)
        }
        #expect(append(records(71...200), to: file).error == nil)
        for name in try names {
            var status = stat()
            #expect(stat("\(directory.path)/\(name)", &status) == 0 && status.st_size <= 2000)
        }
        #expect(try names.count > 5 && numbers() == Array(1...200))
        #expect(try names.contains("web-0.log.000000000001"))
    }

    @Test(arguments: [1, 2, 4]) func keepsAsManyFilesAsItIsTold(_ count: Int) throws {
        let file = file(size: 1000, files: count)
        for number in UInt64(1)...200 { #expect(append(records(number...number), to: file).error == nil) }
        #expect(try names.count == count)
        let found = try numbers()
        #expect(try found == Array((#require(found.first))...200))
    }

    @Test func aRecordThatIsLongerThanAFileHasOneOfItsOwn() throws {
        let file = file(size: 10, files: 100)
        #expect(append(records(1...3), to: file).error == nil)
        #expect(try names.count == 3 && numbers() == [1, 2, 3])
    }

    @Test func isRotatedWhenItsFirstLineIsTooOld() throws {
        let file = file(age: .seconds(60))
        _ = append(records(1...2), to: file)
        _ = append(records(3...3, second: 59), to: file, second: 59)
        #expect(try names == ["web-0.log"])
        _ = append(records(4...4, second: 60), to: file, second: 60)
        #expect(try names == ["web-0.log", "web-0.log.000000000001"])
        // The next daemon knows its age, too.
        let next = self.file(age: .seconds(60))
        _ = append(records(5...5, second: 121), to: next, second: 121)
        #expect(try names == ["web-0.log", "web-0.log.000000000001", "web-0.log.000000000004"])
        #expect(try numbers() == Array(1...5))
    }

    @Test func anotherFormatHasAnotherFile() throws {
        _ = append(records(1...2), to: file())
        let json = file(format: .json)
        #expect(json.lastNumber() == 2)
        _ = append(records(3...4, .json), to: json)
        #expect(try names == ["web-0.log", "web-0.log.000000000001"] && numbers() == [1, 2, 3, 4])
    }

    @Test func goesOnInTheSameFileWhereItCannotBeRotated() throws {
        try directory.write("web-0.log.000000000001", "somebody else's")
        let file = file(size: 500, files: 9)
        var failures = 0
        for number in UInt64(1)...50 where append(records(number...number), to: file).rotationError != nil {
            failures += 1
        }
        #expect(failures > 0 && failures < 10)
        #expect(try contents("\(directory.path)/web-0.log.000000000001") == "somebody else's")
        #expect(try numbers() == Array(1...50))
    }

    @Test func aRecordThatIsLongerThanAFileIsKeptWhereThatCannotBeRotated() throws {
        try directory.write("web-0.log.000000000001", "somebody else's")
        let outcome = append(records(1...3), to: file(size: 10, files: 9))
        #expect(outcome.error == nil && outcome.rotationError != nil)
        #expect(try numbers() == [1, 2, 3])
    }

    @Test func aFirstLineOfAnotherCenturyIsOld() throws {
        try directory.write("web-0.log", "1700-01-01T00:00:00.000000Z web/0 out 1 line\n")
        #expect(append(records(2...2), to: file(age: .seconds(60))).error == nil)
        #expect(try names == ["web-0.log", "web-0.log.000000000001"])
    }

    @Test func aTornRecordIsEnded() throws {
        try directory.write("web-0.log", String(decoding: records(1...2), as: UTF8.self) + "2026-11-")
        let file = file()
        #expect(file.lastNumber() == 2)
        _ = append(records(3...3), to: file)
        #expect(try numbers() == [1, 2, 3])
    }

    @Test func numbersThatCannotBeCountedOnFromAreNone() throws {
        let text = String(decoding: records(41...41), as: UTF8.self)
        try directory.write("web-0.log", text + text.replacing("41", with: "18446744073709551615"))
        #expect(file().lastNumber() == 41)
    }

    @Test(.enabled(if: isRoot, "only root may mount a small file system"))
    func whatAFullDiskTakesIsWhole() throws {
        let disk = "\(directory.path)/disk"
        mkdir(disk, 0o755)
        try #require(mount("none", disk, "tmpfs", 0, "size=64k") == 0)
        defer { umount2(disk, 2) }
        let file = LogFile(path: "\(disk)/web-0.log", policy: LogPolicy(maximumSize: 20_000, maximumFiles: 100))
        var kept: [UInt64] = []
        var number: UInt64 = 1
        var removed = 0
        for _ in 0..<400 {
            let bytes = records(number...(number + 36))
            let outcome = append(bytes, to: file)
            let taken = bytes[..<outcome.kept].count { $0 == UInt8(ascii: "\n") }
            kept += Array(number..<(number + UInt64(taken)))
            number += 37
            // Now and then an operator makes room, at any moment of a file's life.
            if outcome.error != nil, number % 3 == 0, removed < 5, let oldest = file.archives.first {
                let name = LogFileName.archive(of: "\(disk)/web-0.log", oldest)
                guard access(name, F_OK) == 0 else { continue }
                let reader = try #require(LogFileReader(path: name))
                while let line = reader.next() {
                    kept.removeAll { $0 == RawLogRecord(parsing: line)?.number }
                }
                unlink(name)
                removed += 1
            }
        }
        var found: [UInt64] = []
        for name in try ProcFile.names(in: try Descriptor.open(disk, flags: O_RDONLY | O_DIRECTORY)).sorted() {
            let lines = try contents("\(disk)/\(name)").split(separator: "\n")
            let parsed = lines.compactMap { line in
                Array(line.utf8).withUnsafeBytes { RawLogRecord(parsing: $0)?.number }
            }
            #expect(parsed.count == lines.count, "every record is whole")
            found += parsed
        }
        #expect(found.sorted() == kept && kept.count > 500 && kept.count < Int(number) - 100)
    }
}
