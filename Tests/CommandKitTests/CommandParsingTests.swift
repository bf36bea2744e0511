import ArgumentParser
import StackModel
import Testing

@testable import CommandKit

struct CommandParsingTests {
    private func parse<Command>(_ line: String, as type: Command.Type) throws -> Command {
        let command = try Stackctl.parseAsRoot(try ArgumentOrder.commandFirst(words(line)))
        return try #require(command as? Command)
    }

    @Test func globalOptionsStandOnEitherSideOfTheCommand() throws {
        for line in ["-f a.yaml --socket /s --output json ps db", "ps -f a.yaml --socket /s --output json db"] {
            let ps = try parse(line, as: Ps.self)
            #expect(ps.global.file == ["a.yaml"])
            #expect(ps.global.common.socket == "/s")
            #expect(ps.global.common.output == .json)
            #expect(ps.services == ["db"])
        }
    }

    @Test func shortFMeansFollowAfterLogsAndEvents() throws {
        let logs = try parse("-f a.yaml logs -f --tail 20 web db", as: Logs.self)
        #expect(logs.global.file == ["a.yaml"])
        #expect(logs.follow)
        #expect(logs.tail == .lines(20))
        #expect(logs.services == ["web", "db"])
        let events = try parse("--file=a.yaml events -f", as: Events.self)
        #expect(events.global.file == ["a.yaml"])
        #expect(events.follow)
    }

    @Test func profilesDoNotSwallowServices() throws {
        let up = try parse("up --profile dev --profile test web", as: Up.self)
        #expect(up.global.common.profile == ["dev", "test"])
        #expect(up.services == ["web"])
    }

    @Test func upTakesWhatComposeUsersType() throws {
        let up = try parse("up -d --wait --wait-timeout 90 --no-color --no-log-prefix --timestamps", as: Up.self)
        #expect(up.isDetached && up.waits && up.noColor && up.noLogPrefix && up.timestamps)
        #expect(up.waitTimeout?.duration == .seconds(90))
    }

    @Test func durationsAreWrittenAsInTheStackFile() throws {
        #expect(try parse("stop -t 1m30s web", as: Stop.self).waiting.timeout?.duration == .seconds(90))
        #expect(try parse("restart --timeout 250ms", as: Restart.self).waiting.timeout?.duration == .milliseconds(250))
    }

    @Test func aReplicaIsNamedByServiceAndIndex() throws {
        #expect(try parse("explain web/2", as: Explain.self).target == ReplicaTarget(argument: "web/2"))
        #expect(ReplicaTarget(argument: "web/2")?.index == 2)
        #expect(ReplicaTarget(argument: "web")?.index == nil)
    }

    @Test(arguments: [
        "ps --no-such-option", "up --wait-timeout 5", "config --quiet --schema", "explain", "explain web/x",
        "explain a/1/2", "logs --tail -1", "logs --tail many", "stop --timeout soon", "ps --output xml",
    ])
    func whatMakesNoSenseIsRefused(line: String) {
        #expect(throws: (any Error).self) { try Stackctl.parseAsRoot(words(line)) }
    }

    @Test(arguments: ["pss", "ps --no-such-option", "-f"])
    func usageErrorsEndWithStatusTwo(line: String) async {
        #expect(await CommandLineTool.run(words(line)) == .usage)
    }

    @Test func helpIsNoFailure() async {
        #expect(await CommandLineTool.run(["help", "ps"]) == .done)
        #expect(await CommandLineTool.run(["--version"]) == .done)
    }
}
