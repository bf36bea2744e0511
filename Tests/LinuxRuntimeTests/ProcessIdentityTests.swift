import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct ProcessIdentityTests {
    private func parse(_ line: String) -> ProcessStatus? { ProcessStatus(pid: 42, Array(line.utf8).span) }

    @Test func parsesANameThatLooksLikeTheRest() throws {
        let line =
            "42 (a) b) (c) S 1 42 41 0 -1 4194560 106 0 0 0 0 0 0 0 20 0 3 0 987654 2654208 200 18446744073709551615"
        let status = try #require(parse(line))
        #expect(status.parent == 1 && status.session == 41 && status.startTime == 987_654 && !status.isZombie)
    }

    @Test func aLeaderThatEndedBeforeItsThreadsStillRuns() throws {
        func status(threads: Int) throws -> ProcessStatus {
            let line = "42 (x) Z 1 42 41 0 -1 0 0 0 0 0 0 0 0 0 20 0 \(threads) 0 5 0"
            return try #require(parse(line))
        }
        #expect(try status(threads: 1).isZombie)
        #expect(try !status(threads: 2).isZombie)
    }

    @Test func refusesALineThatIsCutOff() {
        #expect(parse("42 (x) S 1 42") == nil)
        #expect(parse("") == nil)
    }

    @Test func opensOnlyTheProcessThatWasMeant() throws {
        let own = try ProcessIdentity.of(pid: getpid())
        _ = try own.open()
        let other = ProcessIdentity(pid: own.pid, startTime: own.startTime + 1)
        #expect(throws: SystemError.self) { _ = try other.open() }
        #expect(throws: SystemError.self) { try ProcessIdentity.of(pid: Int32.max) }
        #expect(try BootID.current().description.utf8.count == 36)
        #expect(try BootID.current() == BootID.current())
    }
}
