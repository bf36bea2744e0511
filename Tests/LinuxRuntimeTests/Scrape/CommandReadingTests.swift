import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct CommandOutputTests {
    @Test(arguments: [
        ("42\n", 42), ("17 jobs", 17), (" -3.5", -3.5), ("1.5e2 ms", 150), ("\n 4\n5", 4), (".5", 0.5), ("+6", 6),
    ])
    func theFirstWord(text: String, number: Double) {
        #expect(CommandReading.number(in: Array(text.utf8)) == number)
    }

    @Test(arguments: ["", "\n", "none", "e", "-", "x1", "inf", "nan", "Error 111: refused", "70%", "queue: 5"])
    func noNumber(text: String) {
        #expect(CommandReading.number(in: Array(text.utf8)) == nil)
    }
}

extension RealProcesses {
    @Suite struct CommandReadingTests {
        private let harness: ProbeHarness

        init() throws {
            harness = try ProbeHarness()
        }

        private func read(_ script: String, timeout: Duration = .seconds(20)) throws -> CommandReading.Outcome {
            var outcome: CommandReading.Outcome?
            _ = CommandReading(
                try harness.program(shell(script)), timeout: timeout, loop: harness.loop, spawner: harness.base.spawner,
                exits: harness.base.exits
            ) { outcome = $0 }
            #expect(outcome == nil)
            try harness.loop.run(until: "the number of \(script)") { outcome != nil }
            try harness.expectNothingLeft()
            return try #require(outcome)
        }

        @Test func whatItPrints() throws {
            #expect(try read("echo 12 waiting; echo 13") == .number(12))
            #expect(try read("echo none") == .failed("it printed no number: none"))
            #expect(try read("echo 3 >&2") == .failed("it printed nothing"))
            // It may print as much as it likes.
            #expect(try read("echo 5; head -c 300000 /dev/zero") == .number(5))
        }

        @Test func itMustSucceed() throws {
            guard case .failed(let words) = try read("echo 3; echo no such queue >&2; exit 1") else {
                Issue.record("a failed command has a number")
                return
            }
            #expect(words.contains("no such queue"))
        }

        @Test func nothingOfItOutlivesItsTimeoutOrItsEnd() throws {
            guard case .failed = try read("echo 3; sleep 300 & exec sleep 300", timeout: .milliseconds(100)) else {
                Issue.record("a command that does not end has a number")
                return
            }
            #expect(try read("sleep 300 & echo 4") == .number(4))
        }

        @Test func whatIsTakenBackSaysNothing() throws {
            for turns in 0...3 {
                let reading = CommandReading(
                    try harness.program(shell("sleep 300; echo 3")), timeout: .seconds(20), loop: harness.loop,
                    spawner: harness.base.spawner, exits: harness.base.exits
                ) { _ in Issue.record("an outcome of what was taken back") }
                for _ in 0..<min(turns, 1) { try harness.loop.turn(waiting: true) }
                reading.cancel()
                try harness.expectNothingLeft()
            }
        }
    }
}
