import ArgumentParser
import ControlProtocol
import StackModel
import Testing

@testable import CommandKit

/// One after the other: a parser without optimization is slow enough to keep the servers of other tests from answering.
@Suite(.serialized) struct CommandParsingTests {
    private func parse<Command>(_ line: String, as type: Command.Type) throws -> Command {
        let command = try Stackctl.parseAsRoot(try ArgumentOrder.commandFirst(words(line)))
        return try #require(command as? Command)
    }

    @Test func globalOptionsStandOnEitherSideOfTheCommand() throws {
        for line in ["-f a.yaml --socket /s --output json ps db", "ps -f a.yaml --socket /s --output json db"] {
            let ps = try parse(line, as: Ps.self)
            #expect(ps.global.files.file == ["a.yaml"])
            #expect(ps.global.common.selection.socket == "/s")
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
        #expect(up.global.common.selection.profile == ["dev", "test"])
        #expect(up.services == ["web"])
    }

    @Test func upTakesWhatComposeUsersType() throws {
        let up = try parse("up -d --wait --wait-timeout 90 --no-color --no-log-prefix --timestamps", as: Up.self)
        #expect(up.isDetached && up.waits && up.noColor && up.noLogPrefix && up.timestamps)
        #expect(up.waitTimeout?.duration == .seconds(90))
    }

    @Test func durationsAreWrittenAsInTheStackFile() throws {
        #expect(try parse("stop -t 1m30s web", as: Stop.self).stopping.grace?.duration == .seconds(90))
        #expect(try parse("start --timeout 250ms", as: Start.self).waiting.timeout?.duration == .milliseconds(250))
    }

    @Test func aReplicaIsNamedByServiceAndIndex() throws {
        #expect(try parse("explain web/2", as: Explain.self).target == ReplicaTarget(argument: "web/2"))
        #expect(ReplicaTarget(argument: "web/2")?.index == 2)
        #expect(ReplicaTarget(argument: "web")?.index == nil)
    }

    @Test func upTakesComposesNamesForAborting() throws {
        for line in ["up --abort-on-exit", "up --abort-on-container-exit", "up --exit-code-from web"] {
            #expect(try parse(line, as: Up.self).abort.rule(start: Timestamp(milliseconds: 0)).trigger == .anyExit)
        }
        let up = try parse("up --abort-on-container-failure --scale web=3 --scale db=1", as: Up.self)
        #expect(up.abort.rule(start: Timestamp(milliseconds: 0)).trigger == .anyFailure)
        #expect(try up.scale == [ScaleArgument("web=3"), ScaleArgument("db=1")])
    }

    @Test func commandsHaveTheNamesThatFingersKnow() throws {
        #expect(try parse("reload", as: Apply.self).plan == nil)
        #expect(try parse("apply ab12", as: Apply.self).plan == "ab12")
        #expect(try parse("ps -a --format json", as: Ps.self).global.common.output == .json)
        #expect(try parse("config --format json", as: Config.self).output == .json)
        #expect(try parse("kill -s HUP web web/1", as: Kill.self).signal == .hangup)
        #expect(try parse("kill web", as: Kill.self).signal == .kill)
        #expect(try parse("wait --down-project web", as: Wait.self).downs)
        #expect(try parse("graph --output mermaid", as: Graph.self).output == .mermaid)
        #expect(try !parse("scale --no-wait web=0", as: Scale.self).waiting.wait)
    }

    @Test func rolloutsHaveTheVerbsThatFingersKnow() throws {
        let status = try parse("-f a.yaml rollout --socket /s status web --watch=false -t 5m", as: Rollout.Status.self)
        #expect(status.global.files.file == ["a.yaml"])
        #expect(status.global.common.selection.socket == "/s")
        #expect(status.services == ["web"] && !status.watch && status.waiting.timeout?.duration == .seconds(300))
        #expect(try parse("rollout undo web --to-revision 3", as: Rollout.Undo.self).revision == 3)
        #expect(try parse("rollout promote web --full", as: Rollout.Promote.self).full)
        #expect(try parse("rollout history web --revision=2", as: Rollout.History.self).revision == 2)
        #expect(try parse("rollout restart --now web", as: Restart.self).isAtOnce)
    }

    @Test func aReplayIsToldWhatToSuppose() throws {
        let line = "-f a.yaml simulate autoscale web --trace t.csv --capacity 200 --startup 30s --initial 2 --until 1h"
        let replay = try parse(line, as: Simulate.Autoscale.self)
        #expect(replay.global.files.file == ["a.yaml"])
        #expect(replay.service == "web" && replay.trace == "t.csv" && replay.capacity == 200 && replay.initial == 2)
        #expect(replay.startup.duration == .seconds(30) && replay.until?.duration == .seconds(3600))
        #expect(replay.chart == nil && !replay.all)
        #expect(try parse("simulate autoscale --trace t --no-chart", as: Simulate.Autoscale.self).chart == false)
    }

    @Test func everyCommandsHelpShowsHowItIsUsed() {
        let commands = Stackctl.configuration.subcommands
        for command in commands + commands.flatMap({ $0.configuration.subcommands }) {
            #expect(command.helpMessage().contains("Examples:\n  "), "\(command)")
        }
    }

    @Test(arguments: [
        "up -d --abort-on-exit", "up --wait --exit-code-from web", "up --abort-on-failure --abort-on-exit",
        "up --scale web", "up --scale web=-1", "scale web=many", "scale =2", "scale web=1001",
        "simulate autoscale web", "simulate autoscale --trace t --capacity 0",
        "simulate autoscale --trace t --initial -1",
        "simulate autoscale --trace t --output json --chart", "up -d --watch", "kill", "kill -s NONE web", "wait",
        "wait --for soon web",
        "ps --status happy", "ps -q --services", "ps --runs --status failed", "logs --since soon", "scale web",
        "stop --timeout 25h", "rollout status --watch=maybe", "rollout undo", "rollout undo db --to-revision -1",
        "rollout undo db web", "rollout history", "rollout pause", "down --no-wait --wait-timeout 3s",
        "config --hash web --quiet", "graph --output xml",
        "ps --no-such-option", "up --wait-timeout 5", "config --quiet --schema", "explain", "explain web/x",
        "explain a/1/2", "logs --tail -1", "logs --tail many", "stop --timeout soon", "ps --output xml",
    ])
    func whatMakesNoSenseIsRefused(line: String) {
        #expect(throws: (any Error).self) { try Stackctl.parseAsRoot(words(line)) }
    }

    @Test(arguments: ["pss", "ps --no-such-option", "-f", "rollout statsu web", "rollout --socket"])
    func usageErrorsEndWithStatusTwo(line: String) async {
        #expect(await CommandLineTool.run(words(line)) == .usage)
    }

    @Test func helpIsNoFailure() async {
        #expect(await CommandLineTool.run(["help", "ps"]) == .done)
        #expect(await CommandLineTool.run(["--version"]) == .done)
    }
}
