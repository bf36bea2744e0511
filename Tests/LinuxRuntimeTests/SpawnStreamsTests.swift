import Glibc
import Testing

@testable import LinuxRuntime

extension RealProcesses {
    @Suite struct SpawnStreamsTests {
        private let harness: Harness

        init() throws {
            // As in the daemon: a program that does not read its input is no reason to die.
            signal(SIGPIPE, SIG_IGN)
            harness = try Harness()
        }

        /// What a program wrote, as it comes.
        private final class Taken {
            var output: [UInt8] = []
            var error: [UInt8] = []
            var status: ProcessExit?
            /// What is taken at once, until the streams are told to go on.
            var appetite = Int.max

            func take(_ source: SpawnStreams.Source, _ bytes: [UInt8]) -> Bool {
                switch source {
                case .output: output += bytes
                case .error: error += bytes
                }
                return output.count <= appetite
            }

            var text: String { String(decoding: output, as: UTF8.self) }
        }

        private let size = TerminalSize(rows: 33, columns: 111)

        private func piped(_ taken: Taken, withInput: Bool = false, capacity: Int = 1 << 20) throws -> SpawnStreams {
            try SpawnStreams(withInput: withInput, inputCapacity: capacity, loop: harness.loop, take: taken.take)
        }

        private func terminal(_ taken: Taken, owner: UInt32? = nil) throws -> SpawnStreams {
            try SpawnStreams(terminal: size, owner: owner, inputCapacity: 1 << 20, loop: harness.loop, take: taken.take)
        }

        @discardableResult
        private func start(_ request: SpawnRequest, _ streams: SpawnStreams, _ taken: Taken) throws -> WatchedProcess {
            var request = request
            let process = try streams.withTheirEnds(in: &request) { try harness.spawner.spawn($0) }
            return try harness.exits.watch(process) { status in streams.drain { taken.status = status } }
        }

        // MARK: Pipes

        @Test func outputAndErrorAreToldApart() throws {
            let taken = Taken()
            let streams = try piped(taken)
            try start(shell("echo out; echo err >&2; cat; exit 3"), streams, taken)
            try harness.loop.run(until: "the end") { taken.status != nil }
            #expect(taken.status == .exited(code: 3))
            #expect(taken.text == "out\n")
            #expect(taken.error == Array("err\n".utf8))
        }

        @Test func whatNobodyTakesStopsTheProgram() throws {
            let taken = Taken()
            taken.appetite = 1
            let streams = try piped(taken)
            let progress = try TemporaryDirectory()
            let script = "head -c 1000000 /dev/zero; echo done > \(progress.path)/done"
            try start(shell(script), streams, taken)
            try harness.loop.run(until: "the first piece") { taken.output.count > 0 }
            // Long enough for it to have been done, had anyone read on: nothing is read however often the loop turns.
            for _ in 0..<100 { try harness.loop.turn(waiting: false) }
            #expect(taken.output.count <= 64 << 10)
            #expect(access("\(progress.path)/done", F_OK) != 0)
            taken.appetite = .max
            try streams.resume()
            try harness.loop.run(until: "the end") { taken.status != nil }
            #expect(taken.output.count == 1_000_000)
        }

        @Test func whatIsLeftInThePipesIsTakenAtTheEnd() throws {
            let taken = Taken()
            taken.appetite = 0
            let streams = try piped(taken)
            // It writes on when nobody reads any more, and its child holds the pipe for longer than anybody waits.
            let script = "echo one; while [ ! -e go ]; do sleep 0.01; done; echo two; sleep 300 & echo $! >&2"
            let directory = try TemporaryDirectory()
            var request = shell(script)
            request.workingDirectory = directory.path
            let process = try start(request, streams, taken)
            try harness.loop.run(until: "the first line") { taken.text == "one\n" }
            try directory.write("go", "")
            try harness.loop.run(until: "its end") { process.status != nil }
            // What it wrote is handed on at the taker's pace even then.
            taken.appetite = .max
            try streams.resume()
            #expect(taken.status == .exited(code: 0))
            #expect(taken.text == "one\ntwo\n")
            let pid = try #require(Int32(String(decoding: taken.error, as: UTF8.self).dropLast()))
            kill(pid, SIGKILL)
        }

        @Test func inputComesBackByteForByte() throws {
            let taken = Taken()
            let streams = try piped(taken, withInput: true, capacity: 256 << 10)
            try start(SpawnRequest(arguments: ["/bin/cat"]), streams, taken)
            var generator = SystemRandomNumberGenerator()
            let sent = (0..<(10 << 17)).flatMap { _ in withUnsafeBytes(of: generator.next(), Array.init) }
            var next = 0
            var refusals = 0
            try harness.loop.poll(until: "the input is taken") {
                let piece = Array(sent[next..<min(next + 100_000, sent.count)])
                let isLast = next + piece.count == sent.count
                guard try streams.write(piece, isLast: isLast) else {
                    refusals += 1
                    return false
                }
                next += piece.count
                return isLast
            }
            try harness.loop.run(until: "the end") { taken.status != nil }
            #expect(taken.status == .exited(code: 0))
            #expect(taken.output == sent)
            #expect(refusals > 0)
        }

        @Test func inputThatNobodyReadsIsNoError() throws {
            let taken = Taken()
            let streams = try piped(taken, withInput: true)
            try start(shell("exec <&-; echo closed; read line < /dev/null; sleep 0.1"), streams, taken)
            try harness.loop.run(until: "its input is closed") { taken.text == "closed\n" }
            for _ in 0..<3 { #expect(try streams.write([1, 2, 3], isLast: false)) }
            #expect(try streams.write([], isLast: true))
            try harness.loop.run(until: "the end") { taken.status != nil }
        }

        @Test func inputBeyondTheBoundIsRefusedWhole() throws {
            let taken = Taken()
            let streams = try piped(taken, withInput: true, capacity: 1000)
            let process = try start(shell("exec sleep 300"), streams, taken)
            let piece = [UInt8](repeating: 7, count: 1000)
            var accepted = 0
            while try streams.write(piece, isLast: false) { accepted += 1 }
            // The pipe's own room, and then the bound.
            #expect((1...66).contains(accepted))
            #expect(try !streams.write(piece, isLast: true))
            try process.signal(SIGKILL)
            try harness.loop.run(until: "the end") { taken.status != nil }
        }

        // MARK: Terminals

        @Test func theTerminalControlsTheSession() throws {
            let taken = Taken()
            let streams = try terminal(taken)
            try start(shell("tty; stty size; ps -o tty= -p $$; : < /dev/tty && echo controlled"), streams, taken)
            try harness.loop.run(until: "the end") { taken.status != nil }
            let lines = taken.text.split(separator: "\r\n").map(String.init)
            try #require(lines.count == 4, "\(taken.text)")
            #expect(lines[0].hasPrefix("/dev/pts/"))
            #expect(lines[1] == "33 111")
            #expect("/dev/\(lines[2])" == lines[0])
            #expect(lines[3] == "controlled")
        }

        @Test func aSpawnWithoutTerminalHasNone() throws {
            let result = try harness.output(of: shell("exec 2>&1; : < /dev/tty && echo controlled"))
            #expect(!result.text.contains("controlled"))
        }

        @Test func aShellControlsItsJobs() throws {
            let taken = Taken()
            let streams = try terminal(taken)
            // An interactive shell: Ctrl-C ends the job in the foreground and not the shell.
            var request = SpawnRequest(
                arguments: ["/bin/sh", "-i"], environment: ["PATH": SpawnRequest.defaultPath, "PS1": "> "])
            request.workingDirectory = "/"
            try start(request, streams, taken)
            try harness.loop.run(until: "the prompt") { taken.text.hasSuffix("> ") }
            _ = try streams.write(Array("sh -c 'echo begun; exec sleep 300'\n".utf8), isLast: false)
            try harness.loop.run(until: "the job") { taken.text.contains("begun\r\n") }
            _ = try streams.write([3], isLast: false)
            try harness.loop.run(until: "the prompt again") { taken.text.hasSuffix("\r\n> ") }
            _ = try streams.write(Array("echo status $?\n".utf8), isLast: false)
            try harness.loop.run(until: "the shell goes on") { taken.text.contains("status 130") }
            _ = try streams.write([], isLast: true)
            try harness.loop.run(until: "the end") { taken.status != nil }
            #expect(!taken.text.contains("job control"))
        }

        @Test func aResizeIsTold() throws {
            let taken = Taken()
            let streams = try terminal(taken)
            let script = "trap 'stty size; exit 0' WINCH; echo waiting; while :; do sleep 0.01; done"
            try start(shell(script), streams, taken)
            try harness.loop.run(until: "the trap") { taken.text.contains("waiting") }
            try streams.resize(to: TerminalSize(rows: 5, columns: 70_000))
            try harness.loop.run(until: "the end") { taken.status != nil }
            #expect(taken.text.hasSuffix("5 65535\r\n"))
        }

        @Test func theEndOfATerminalsInputIsTyped() throws {
            let taken = Taken()
            let streams = try terminal(taken)
            try start(shell("stty -echo; echo ready; cat; echo end"), streams, taken)
            try harness.loop.run(until: "cat") { taken.text.contains("ready") }
            // The first end of input only sends off the unfinished line.
            _ = try streams.write(Array("unfinished".utf8), isLast: true)
            try harness.loop.run(until: "the end") { taken.status != nil }
            #expect(taken.text == "ready\r\nunfinishedend\r\n")
        }

        @Test func closingHangsUp() throws {
            let taken = Taken()
            let streams = try terminal(taken)
            try start(shell("echo ready; exec sleep 300"), streams, taken)
            try harness.loop.run(until: "it runs") { taken.text.contains("ready") }
            streams.close()
            try harness.loop.run(until: "the end") { taken.status != nil }
            #expect(taken.status == .signaled(signal: SIGHUP, dumpedCore: false))
        }

        @Test func whatWasWrittenLastIsTakenWholeFromATerminal() throws {
            let taken = Taken()
            let streams = try terminal(taken)
            try start(shell("stty -opost; for i in 1 2 3 4 5 6 7 8 9; do echo $i; done"), streams, taken)
            try harness.loop.run(until: "the end") { taken.status != nil }
            #expect(taken.text == (1...9).map { "\($0)\n" }.joined())
        }

        @Test(.enabled(if: isRoot)) func theTerminalIsItsUsers() throws {
            let taken = Taken()
            let nobody = try Accounts.credentials(user: "nobody")
            let streams = try terminal(taken, owner: nobody.uid)
            var request = shell("exec 3<>$(tty) && echo opened >&3; stat -c %u $(tty)")
            request.credentials = nobody
            try start(request, streams, taken)
            try harness.loop.run(until: "the end") { taken.status != nil }
            #expect(taken.text == "opened\r\n\(nobody.uid)\r\n")
        }
    }
}
