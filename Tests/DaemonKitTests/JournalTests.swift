import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

@Suite struct JournalTests {
    private let replica = ReplicaID(service: name("backend"), index: 2)

    @Test func everyLineReadsAsItWasWritten() {
        let lines: [JournalLine] = [
            .header(version: 1, boot: "b-1"), .next(7), .desired(name("a.b-c"), .stopped),
            .scaled(name("web"), Scale(0, by: .manual)), .scaled(name("web"), Scale(7, by: .autoscaler)),
            .scaled(name("web"), nil), .removed(name("web")),
            .creating(InstanceID(serial: 9), replica, Revision("00ff")),
            .started(InstanceID(serial: 9), pid: 4242, startTime: 123_456), .ended(InstanceID(serial: 9)),
        ]
        for line in lines {
            #expect(JournalLine(line.text.dropLast()) == line)
            #expect(JournalLine(line.text.dropLast() + String(JournalLine.cancellation)) == nil)
        }
        let beyond = UInt64(1) << 63
        for text in ["creating \(beyond) a/0 r", "started \(beyond) 1 1", "ended \(UInt64.max)", "next \(UInt64.max)"] {
            #expect(JournalLine(text) == nil, "\(text)")
        }
        for text in [
            "", "scaled web", "scaled web -1", "scaled web x", "scaled web 3 somebody",
            "scaled web - autoscaler", "scaled web 3 autoscaler again", "removed", "next", "next x", "desired a maybe",
            "creating 1 a REV", "ended 1 2", "started 1 2",
        ] {
            #expect(JournalLine(text) == nil, "\(text)")
        }
    }

    @Test func aTornTailIsCutOffAndAnotherVersionIsRefused() throws {
        let text = "stackd-journal 1 b\ndesired a stopped\ncreating 5 a/0 r\nended 5\ncreating 6 a/0 r\ncreating 70 a"
        let contents = try #require(JournalContents(parsing: text))
        #expect(contents.desired == [name("a"): .stopped])
        #expect(contents.nextInstance == 7)
        #expect(contents.unended == [InstanceID(serial: 6)])
        #expect(contents.damagedLines == 1)
        #expect(JournalContents(parsing: "stackd-journal 2 b\n") == nil)
    }

    @Test func aSecondDaemonFindsWhatTheFirstWrote() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/journal"
        let first = try Journal(path: path, boot: "b")
        #expect(first.restored.nextInstance == 1)
        try first.write(.creating(InstanceID(serial: 1), replica, Revision("r")))
        try first.write(.started(InstanceID(serial: 1), pid: 10), identity: ProcessIdentity(pid: 10, startTime: 99))
        try first.write(.desired(name("backend"), .stopped))
        #expect(try directory.read("journal").contains("started 1 10 99\n"))

        let second = try Journal(path: path, boot: "b")
        #expect(second.restored.nextInstance == 2)
        #expect(second.restored.desired == [name("backend"): .stopped])
        #expect(second.restored.unended == [InstanceID(serial: 1)])
        // It starts compact, and knows no less.
        #expect(try directory.read("journal") == "stackd-journal 1 b\nnext 2\ndesired backend stopped\n")
    }

    @Test func whatWasSaidOfAServiceIsForgottenWithIt() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/journal"
        let journal = try Journal(path: path, boot: "b")
        try journal.write(.scaled(name("kept"), Scale(3, by: .manual)))
        try journal.write(.scaled(name("load"), Scale(2, by: .manual)))
        try journal.write(.scaled(name("load"), Scale(6, by: .autoscaler)))
        try journal.write(.scaled(name("again"), Scale(5, by: .manual)))
        try journal.write(.scaled(name("again"), nil))
        try journal.write(.desired(name("gone"), .stopped))
        try journal.write(.scaled(name("gone"), Scale(7, by: .manual)))
        try journal.write(.removed(name("gone")))
        let next = try Journal(path: path, boot: "b")
        #expect(
            next.restored.scales == [name("kept"): Scale(3, by: .manual), name("load"): Scale(6, by: .autoscaler)])
        #expect(next.restored.desired.isEmpty)
        let text = "stackd-journal 1 b\nnext 1\nscaled kept 3\nscaled load 6 autoscaler\n"
        #expect(try directory.read("journal") == text)
    }

    @Test func whatAFullDiskTookBackIsWrittenWithTheNextRecord() throws {
        let directory = try TemporaryDirectory()
        let disk = FullDisk()
        let journal = try Journal(path: "\(directory.path)/journal", boot: "b", calls: disk.calls)
        disk.room = 9
        #expect(throws: SystemError.self) { try journal.write(.desired(name("a"), .stopped)) }
        // Neither is there half a line, nor is the one that was tried forgotten.
        #expect(try directory.read("journal") == "stackd-journal 1 b\nnext 1\n")
        disk.room = .max
        try journal.write(.desired(name("b"), .stopped))
        let again = try Journal(path: "\(directory.path)/journal", boot: "b")
        #expect(again.restored.desired == [name("a"): .stopped, name("b"): .stopped])
        #expect(again.restored.damagedLines == 0)
    }

    @Test func aTornLineDoesNotDamageTheNextOne() throws {
        let directory = try TemporaryDirectory()
        let disk = FullDisk()
        disk.canTruncate = false
        let journal = try Journal(path: "\(directory.path)/journal", boot: "b", calls: disk.calls)
        disk.room = 9
        #expect(throws: SystemError.self) { try journal.write(.desired(name("a"), .stopped)) }
        #expect(try directory.read("journal").hasSuffix("next 1\ndesired a"))
        // There is room for the line, and not for the whole file anew.
        disk.refusals = 1
        disk.room = .max
        try journal.write(.desired(name("b"), .stopped))
        let again = try Journal(path: "\(directory.path)/journal", boot: "b")
        #expect(again.restored.desired == [name("b"): .stopped])
        #expect(again.restored.damagedLines == 1)
    }

    @Test func synchronisingMakesUpForWhatFailed() throws {
        let directory = try TemporaryDirectory()
        let disk = FullDisk()
        let journal = try Journal(path: "\(directory.path)/journal", boot: "b", calls: disk.calls)
        disk.room = 0
        #expect(throws: SystemError.self) { try journal.write(.desired(name("a"), .stopped)) }
        #expect(throws: SystemError.self) { try journal.synchronise() }
        disk.room = .max
        try journal.synchronise()
        #expect(try directory.read("journal") == "stackd-journal 1 b\nnext 1\ndesired a stopped\n")
        // Nothing is left to do, so nothing can fail.
        disk.room = 0
        try journal.synchronise()
    }

    @Test func itStaysBounded() throws {
        let directory = try TemporaryDirectory()
        let journal = try Journal(path: "\(directory.path)/journal", boot: "b")
        for serial in 1...UInt64(40_000) {
            try journal.write(.creating(InstanceID(serial: serial), replica, Revision("0123456789abcdef")))
        }
        #expect(try directory.read("journal").hasPrefix("stackd-journal 1 b\nnext "))
        let again = try Journal(path: "\(directory.path)/journal", boot: "b")
        #expect(again.restored.nextInstance == 40_001)
        var size = 0
        size = try directory.read("journal").utf8.count
        #expect(size < 100)
    }

    @Test func aJournalOfAnotherVersionStopsTheDaemonAndStaysAsItIs() throws {
        let directory = try TemporaryDirectory()
        try directory.write("stackd-journal 9 b\nfrob 1\n", to: "journal")
        #expect(throws: SystemError.self) { try Journal(path: "\(directory.path)/journal", boot: "b") }
        #expect(try directory.read("journal") == "stackd-journal 9 b\nfrob 1\n")
    }
}

/// A disk with room for so many bytes more.
private final class FullDisk {
    var room = Int.max
    /// So many writes are refused before the room counts.
    var refusals = 0
    var canTruncate = true

    var calls: JournalFile.Calls {
        JournalFile.Calls(
            write: { [unowned self] descriptor, bytes, count in
                guard room > 0, refusals == 0 else {
                    refusals = max(0, refusals - 1)
                    errno = ENOSPC
                    return -1
                }
                let written = Glibc.write(descriptor, bytes, min(count, room))
                room -= written
                return written
            },
            truncate: { [unowned self] descriptor, size in
                guard canTruncate else {
                    errno = EIO
                    return -1
                }
                return ftruncate(descriptor, size)
            })
    }
}

func name(_ text: String) -> ServiceName {
    guard let name = ServiceName(text) else { preconditionFailure("\(text) is no service name") }
    return name
}
