import Glibc
import Testing

@testable import LinuxRuntime

extension RealProcesses {
    @Suite struct ExitsTests {
        let harness: Harness

        init() throws {
            harness = try Harness()
        }

        @Test func reapsEveryOrphanOnce() throws {
            try Exits.becomeSubreaper()
            var reaped: [Int32: ProcessExit] = [:]
            harness.exits.onOrphan = { pid, status in
                #expect(reaped[pid] == nil)
                reaped[pid] = status
            }
            // Each background process is orphaned by the end of the shell, and ends when its input does.
            var hold: Pipe? = try Pipe()
            let input = hold?.reader.number ?? -1
            #expect(fcntl(input, F_SETFL, 0) == 0)
            var request = shell("exec 3<&0; for i in 1 2 3 4 5; do (read line <&3; exit 9) & echo $!; done")
            request.standardInput = input
            let output = try Pipe()
            request.standardOutput = output.writer.number
            let main = try harness.start(request)
            try harness.loop.run(until: "the end of the shell") { main.status != nil }
            let text = String(decoding: try available(output.reader), as: UTF8.self)
            let orphans = text.split(separator: "\n").compactMap { Int32($0) }
            #expect(orphans.count == 5)
            hold = nil
            // Their SIGCHLD is the main thread's, which in a daemon has it blocked, and here is the test runner's.
            try harness.loop.poll(until: "five orphans") {
                harness.exits.reapOrphans()
                return orphans.allSatisfy { reaped[$0] != nil }
            }
            #expect(orphans.allSatisfy { reaped[$0] == .exited(code: 9) })
            for orphan in orphans { #expect(throws: SystemError.self) { try ProcessIdentity.of(pid: orphan) } }
        }

        @Test func knowsOnlyThatAStrangerEnded() throws {
            // A grandchild: its parent, not this process, is told how it ended.
            let output = try Pipe()
            var request = shell("sleep 1000 & echo $!; wait; exit 3")
            request.standardOutput = output.writer.number
            let main = try harness.start(request)
            var text = ""
            try harness.loop.poll(until: "its pid") {
                text += String(decoding: try available(output.reader), as: UTF8.self)
                return text.hasSuffix("\n")
            }
            let pid = try #require(Int32(text.dropLast()))
            var status: ProcessExit?
            let stranger = try harness.exits.watch(pid: pid, pidfd: try ProcessIdentity.of(pid: pid).open()) {
                status = $0
            }
            try stranger.signal(SIGKILL)
            try harness.loop.run(until: "both ends") { status != nil && main.status != nil }
            #expect(status == .unknown)
            #expect(main.status == .exited(code: 3))
        }

        @Test func deliversSignalsAsEvents() throws {
            try Signals.block([SIGUSR1, SIGUSR2])
            var delivered: [Signals.Delivery] = []
            let signals = try Signals([SIGUSR1, SIGUSR2], on: harness.loop) { delivered.append($0) }
            // To this thread: another one, of the test runner, may not have them blocked.
            pthread_kill(pthread_self(), SIGUSR2)
            pthread_kill(pthread_self(), SIGUSR1)
            try harness.loop.run(until: "both signals") { delivered.count == 2 }
            #expect(Set(delivered.map(\.signal)) == [SIGUSR1, SIGUSR2])
            #expect(delivered.allSatisfy { $0.sender == getpid() })
            withExtendedLifetime(signals) {}
        }
    }
}
