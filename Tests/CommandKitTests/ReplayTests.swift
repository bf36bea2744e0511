import StackModel
import SupervisorCore
import Testing

@testable import CommandKit

struct ReplayTests {
    private static let cpu = LoadMetric(name: "cpu", source: .cpu, target: .utilization(percent: 50))
    private static let connections = LoadMetric(name: "connections", source: .connections, target: .average(10_000))
    private static let queue = LoadMetric(name: "queue", source: .acceptQueue, target: .average(1_000))

    private func replay(
        _ csv: String, of service: ServiceSpec, capacity: Double? = nil, startup: Duration = .seconds(10),
        initial: Int? = nil, until: Duration? = nil
    ) throws -> Replay {
        let trace = try LoadTrace(TraceText(file: "t", bytes: Array(csv.utf8)), for: service)
        let settings = ReplaySettings(capacity: capacity, startup: startup, initial: initial, until: until)
        return try Replay(of: service, trace: trace, settings: settings)
    }

    private func failure(_ csv: String, of service: ServiceSpec, capacity: Double? = nil) -> CommandFailure? {
        do {
            _ = try replay(csv, of: service, capacity: capacity)
            return nil
        } catch {
            return error as? CommandFailure
        }
    }

    @Test func loadIsSharedByThoseThatAreReady() throws {
        let service = ServiceSpec.scaled(by: Self.cpu, replicas: 2)
        let replay = try replay("time,load\n0,100\n30s,400\n1m,400\n", of: service, capacity: 100)
        #expect(replay.steps.map(\.time) == (0...12).map { .seconds($0 * 5) })
        #expect(replay.steps[0].ratios == [1_000])
        // Four times as much for both: twice as many, which are not ready for ten seconds.
        let rise = replay.steps[6].decision
        #expect(rise.current == 2 && rise.desired > 2 && rise.recommendation == 8)
        #expect(replay.steps[6...8].map(\.ready) == [2, 2, rise.desired])
        #expect(replay.steps.last?.decision.desired == 8)
        #expect(replay.steps.last?.length == .zero)
    }

    @Test func aReplicaUsesNoMoreThanItsLimit() throws {
        let limited = ResourceSpec(cpus: Millicores(1_000), cpuReservation: Millicores(500))
        let replay = try replay("time,load\n0,1000\n", of: .scaled(by: Self.cpu, resources: limited), capacity: 100)
        // 1000% of what it is promised would be five times its limit.
        #expect(replay.steps[0].ratios == [4_000])
    }

    @Test func withoutAProcessorTheLoadIsTheOtherMetric() throws {
        let replay = try replay("time,load\n0,45\n", of: .scaled(by: Self.connections, Self.queue))
        #expect(replay.leftOut.map(\.name) == ["queue"])
        #expect(replay.steps[0].decision.recommendation == 5)
    }

    @Test func whatWasMeasuredIsTakenAsItIs() throws {
        let service = ServiceSpec.scaled(by: Self.cpu, Self.queue, replicas: 3)
        let replay = try replay("time,cpu,queue\n0,50,1\n5,,1\n10,100,\n", of: service)
        #expect(replay.steps.map(\.decision.desired) == [3, 3, 6])
        #expect(replay.steps[1].ratios == [nil, 1_000])
        #expect(replay.steps[2].ratios == [2_000, nil])
    }

    @Test func aTraceCanSayHowManyAreReady() throws {
        let service = ServiceSpec.scaled(by: Self.cpu, replicas: 2)
        let replay = try replay("time,cpu,ready\n0,100,\n5,100,1\n30,100,\n", of: service, startup: .zero)
        #expect(replay.steps.map(\.ready) == [2, 1, 1, 1, 1, 1, replay.steps[5].decision.desired])
    }

    @Test func theHostHoldsItBack() throws {
        let replay = try replay(
            "time,cpu,pressure_cpu\n0,100,95\n5,100,10\n", of: .scaled(by: Self.cpu, replicas: 2))
        #expect(replay.steps[0].decision.limits == [.pressure(.cpu, 950, limit: 900)])
        #expect(replay.steps.map(\.decision.desired) == [2, 4])
    }

    @Test func aConnectionStartsOneAtOnceAndTheLastGoesWhenNobodyIsThere() throws {
        let service = ServiceSpec.scaled(by: Self.connections, between: 0...3)
        let replay = try replay("time,connections\n0,0\n92,2\n95,0\n300,0\n", of: service, initial: 1)
        let changes = replay.steps.filter { $0.decision.current != $0.decision.desired }
        // A minute without anybody, the connection between two looks at the load, and a minute again.
        #expect(changes.map(\.time) == [.seconds(60), .seconds(92), .seconds(155)])
        #expect(changes.map(\.decision.desired) == [0, 1, 0])
        #expect(replay.steps.map(\.length).reduce(.zero, +) == .seconds(300))
    }

    @Test func freeSlotsAreFilledFromBelow() throws {
        let service = ServiceSpec.scaled(by: Self.cpu, between: 1...4, replicas: 4)
        let replay = try replay("time,cpu\n0,1\n6m,100\n8m,100\n", of: service)
        let removed = replay.steps.flatMap(\.decision.removed)
        #expect(removed.map(\.index) == [3, 2, 1])
        #expect(replay.steps.last?.decision.desired == 4)
    }

    @Test func whatTheTraceDoesNotTellCannotBeReplayed() {
        #expect(failure("time,load\n0,5\n", of: .scaled(by: Self.cpu))?.status == .usage)
        #expect(failure("time,ready\n0,5\n", of: .scaled(by: Self.cpu))?.status == .failed)
        #expect(failure("time,load\n0,5\n", of: .scaled(by: Self.queue))?.status == .failed)
        #expect(failure("time,cpu\n0,5\n1000d,5\n", of: .scaled(by: Self.cpu))?.status == .usage)
        #expect(failure("time,cpu\n0,5\n", of: .scaled(by: Self.cpu)) == nil)
    }

    @Test func theSumOfItIsTold() throws {
        let service = ServiceSpec.scaled(by: Self.cpu, between: 1...2, interval: .seconds(10))
        let replay = try replay("time,load\n0,50\n10s,150\n100s,0\n", of: service, capacity: 100)
        let summary = ReplaySummary(replay)
        #expect(summary.increases == 1 && summary.decreases == 0 && summary.least == 1 && summary.peak == 2)
        #expect(summary.peakSeconds == 10 && summary.durationSeconds == 100)
        #expect(summary.replicaHours == (10 + 2 * 90) / 3_600.0 && summary.mean == 1.9)
        // Three times a replica's half until the second is there, then 1.5 times its half for each.
        #expect(summary.aboveTargetSeconds == 90)
        #expect(summary.overloadedSeconds == 10)
        // From when three are asked for, but for while the second is young and does not count.
        #expect(summary.heldBackSeconds == 80)
        let lines = ReplayLines(palette: Palette(isColoured: false))
        #expect(
            lines.heading(replay)
                == ["web: 1 to 2 replicas by cpu (50%), decided every 10s; a new replica is ready after 10s"])
        #expect(lines.summary(replay)[0] == "changes        1 (1 up, 0 down)")
        #expect(lines.summary(replay)[3] == "above target   1m30s of 1m40s, 90.0%")
    }

    @Test func onlyWhatChangesIsListed() throws {
        let replay = try replay("time,cpu\n0,50\n10,\n20,200\n60,200\n", of: .scaled(by: Self.cpu))
        let palette = Palette(isColoured: false)
        let lines = replayTable(replay, isWhole: false).lines(width: nil, palette: palette)
        #expect(lines[0].split(separator: " ").prefix(4) == ["TIME", "CPU", "(50%)", "REPLICAS"])
        #expect(lines.dropFirst().prefix(3).map { $0.prefix(4) } == ["0s  ", "10s ", "20s "])
        #expect(replayTable(replay, isWhole: true).rows.count == replay.steps.count)
        #expect(lines.count < replay.steps.count)
    }

    @Test func programsGetEveryInput() throws {
        let replay = try replay("time,cpu,queue\n0,100,\n", of: .scaled(by: Self.cpu, Self.queue))
        let text = try JSONText.line(ReplayDocument(replay))
        for part in [
            #""service":"web""#, #""minimum":1"#, #""desired":2"#, #""value":"100%""#,
            #""error":"the trace has no value""#,
            #""counted":{"ignored":0,"missing":0,"ready":1,"unready":0}"#, #""increases":1"#, #""seconds":0"#,
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }
}

struct ReplayChartTests {
    private func replay(rows: Int) throws -> Replay {
        let metric = LoadMetric(name: "cpu", source: .cpu, target: .utilization(percent: 50))
        let csv = "time,load\n" + (0..<rows).map { "\($0 * 10),\($0 % 7 * 100)\n" }.joined()
        let service = ServiceSpec.scaled(by: metric)
        let trace = try LoadTrace(TraceText(file: "t", bytes: Array(csv.utf8)), for: service)
        return try Replay(
            of: service, trace: trace, settings: ReplaySettings(capacity: 100, startup: .seconds(10)))
    }

    @Test func thePictureFillsTheTerminalAndNoMore() throws {
        for rows in [1, 2, 30, 500] {
            let replay = try replay(rows: rows)
            for (columns, height) in [(20, 9), (40, 12), (80, 24), (200, 50)] {
                for isUnicode in [true, false] {
                    let size = TerminalSize(columns: columns, rows: height)
                    let chart = ReplayChart(palette: Palette(isColoured: true), size: size, isUnicode: isUnicode)
                    let lines = chart.lines(for: replay).map(withoutSequences)
                    #expect(lines.count == height)
                    #expect(lines.allSatisfy { DisplayWidth.columns(of: $0) <= columns }, "\(rows) \(columns)")
                    #expect(isUnicode || lines.allSatisfy { $0.allSatisfy(\.isASCII) })
                }
            }
        }
    }

    @Test func theReplicasAreDrawnUnderTheLoad() throws {
        let chart = ReplayChart(
            palette: Palette(isColoured: false), size: TerminalSize(columns: 25, rows: 9), isUnicode: false)
        let metric = LoadMetric(name: "cpu", source: .cpu, target: .utilization(percent: 100))
        let service = ServiceSpec.scaled(by: metric, interval: .seconds(10))
        let trace = try LoadTrace(
            TraceText(file: "t", bytes: Array("time,load\n0,80\n50,200\n100,200\n".utf8)), for: service)
        let replay = try Replay(
            of: service, trace: trace, settings: ReplaySettings(capacity: 100, startup: .seconds(20)))
        #expect(
            chart.lines(for: replay) == [
                "     load",
                "200 |          ##########",
                "    |..........##########",
                "    |####################",
                "     replicas: # ready, .",
                "  2 |          ....######",
                "    |####################",
                "    +--------------------",
                "     0s             1m40s",
            ])
    }

    @Test func onlyAUnicodeLocaleShowsBlocks() {
        #expect(isUTF8(environment: ["LANG": "de_DE.UTF-8"]))
        #expect(isUTF8(environment: ["LC_ALL": "C.utf8", "LANG": "C"]))
        #expect(!isUTF8(environment: ["LC_ALL": "C", "LANG": "de_DE.UTF-8"]))
        #expect(!isUTF8(environment: ["LC_ALL": "", "LC_CTYPE": "POSIX"]))
        #expect(!isUTF8(environment: [:]))
    }
}

extension Replay.Step {
    /// Of each metric to its target, in thousandths.
    fileprivate var ratios: [Int?] {
        decision.metrics.map { verdict in
            if case .proposal(_, _, let ratio, _) = verdict.outcome { ratio } else { nil }
        }
    }
}
