import Glibc
import Testing

@testable import LinuxRuntime

extension RealProcesses {
    @Suite struct ExecProbeTests {
        private func run(_ script: String, in harness: ProbeHarness) throws -> ProbeResult {
            try harness.result(of: .exec(try harness.program(shell(script))))
        }

        /// Whether it runs no more; who reaps it is not this suite's business.
        private func isGone(_ pid: Int32) -> Bool { (try? ProcessStatus.of(pid: pid))?.isZombie ?? true }

        /// Waits until a file holds a whole number.
        private func pid(in file: String, _ harness: ProbeHarness) throws -> Int32 {
            var pid: Int32?
            try harness.loop.poll(until: "a pid in \(file)") {
                pid = (try? contents("\(harness.directory.path)/\(file)")).flatMap { text in
                    text.hasSuffix("\n") ? Int32(text.dropLast()) : nil
                }
                return pid != nil
            }
            return try #require(pid)
        }

        @Test(arguments: Containing.usable) func judgesByStatus(containing: Containing) throws {
            let harness = try ProbeHarness(containing)
            #expect(try run("true", in: harness) == .passed)
            #expect(try run("exit 3", in: harness) == .failed("exit status 3"))
            #expect(try run("echo out; echo err >&2; exit 2", in: harness) == .failed("exit status 2: err"))
            #expect(try run("echo; echo 'no response'; exit 2", in: harness) == .failed("exit status 2: no response"))
            #expect(try run("echo fine >&2", in: harness) == .passed)
            let traceback = "echo 'Traceback:' >&2; echo '  line 1' >&2; echo 'NameError: x' >&2; exit 1"
            #expect(try run(traceback, in: harness) == .failed("exit status 1: NameError: x"))
            #expect(try run("ulimit -c 0; kill -SEGV $$", in: harness) == .failed("signal 11"))
            try harness.expectNothingLeft()
        }

        @Test(arguments: Containing.usable) func saysWhyItCannotRun(containing: Containing) throws {
            let harness = try ProbeHarness(containing)
            let program = try harness.program(SpawnRequest(arguments: ["/no/such/program"]))
            #expect(
                try harness.result(of: .exec(program)) == .failed("exec /no/such/program: No such file or directory"))
            try harness.expectNothingLeft()
        }

        @Test func aContainmentThatCannotBeMadeIsAFailure() throws {
            let harness = try ProbeHarness()
            let program = ProbeProgram(request: shell("true")) { () throws(SystemError) in
                throw SystemError(errno: ENOSPC, operation: "mkdir probe")
            }
            #expect(try harness.result(of: .exec(program)) == .failed("mkdir probe: No space left on device"))
        }

        @Test(arguments: Containing.usable) func endsWithItsMainProcess(containing: Containing) throws {
            let harness = try ProbeHarness(containing)
            let directory = harness.directory.path
            // The orphan holds the output open, has left the session, and ignores what it can.
            let script =
                "setsid sh -c 'trap \"\" TERM HUP; echo $$ >\(directory)/orphan; exec sleep 1000' & "
                + "while ! [ -s \(directory)/orphan ]; do sleep 0.01; done; echo done >&2; exit 1"
            #expect(try run(script, in: harness) == .failed("exit status 1: done"))
            let orphan = try pid(in: "orphan", harness)
            try harness.loop.poll(until: "the orphan's end") { isGone(orphan) }
            try harness.expectNothingLeft()
        }

        @Test(arguments: Containing.usable) func cancelLeavesNothing(containing: Containing) throws {
            let harness = try ProbeHarness(containing)
            let directory = harness.directory.path
            let script =
                "trap '' TERM; (setsid sh -c 'echo $$ >\(directory)/daemon; exec sleep 1000' &) ; "
                + "echo $$ >\(directory)/main; sleep 1000; sleep 1000"
            let program = try harness.program(shell(script))
            let before = try ProbeHarness.openDescriptors()
            let task = harness.runner.start(.exec(program)) { result in
                Issue.record("a cancelled probe reported \(result)")
            }
            let main = try pid(in: "main", harness)
            let daemon = try pid(in: "daemon", harness)
            task.cancel()
            try harness.loop.poll(until: "the end of both") { isGone(main) && isGone(daemon) }
            try harness.expectNothingLeft()
            try harness.loop.poll(until: "all descriptors closed") { try ProbeHarness.openDescriptors() <= before }
        }

        @Test func aFloodOfOutputStopsNothing() throws {
            let harness = try ProbeHarness()
            let script = "head -c 3000000 /dev/zero | tr '\\0' 'x' >&2; echo; exit 4"
            guard case .failed(let words) = try run(script, in: harness) else {
                Issue.record("it passed")
                return
            }
            #expect(words == "exit status 4: \(String(repeating: "x", count: 120))…")
        }

        @Test func whatTerminalsObeyIsReplaced() throws {
            let harness = try ProbeHarness()
            #expect(
                try run("printf '\\033[31mred\\tx\\n' >&2; exit 1", in: harness) == .failed("exit status 1: ·[31mred·x")
            )
        }

        @Test func manyRunsLeaveNoDescriptors() throws {
            let harness = try ProbeHarness()
            _ = try run("true", in: harness)
            try harness.expectNothingLeft()
            let before = try ProbeHarness.openDescriptors()
            for _ in 0..<5 { _ = try run("echo x; exit 1", in: harness) }
            try harness.expectNothingLeft()
            try harness.loop.poll(until: "all descriptors closed") { try ProbeHarness.openDescriptors() <= before }
        }

        @Test func runsAsTheServiceDoes() throws {
            let harness = try ProbeHarness()
            var request = shell("[ \"$MARK\" = 7 ] && [ $PWD = /usr ]")
            request.environment["MARK"] = "7"
            request.workingDirectory = "/usr"
            #expect(try harness.result(of: .exec(try harness.program(request))) == .passed)
        }
    }
}
