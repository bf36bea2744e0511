import ControlProtocol
import Testing

@testable import CommandKit

struct TopViewTests {
    private static let plain = TopView(palette: Palette(isColoured: false))
    private static let now = Timestamp(milliseconds: 90_000)

    private func lines(_ model: TopModel, _ view: TopView = plain) -> [String] {
        view.lines(for: model, now: Self.now)
    }

    /// What a terminal would show of a line.
    private func width(_ line: String) -> Int { DisplayWidth.columns(of: withoutSequences(line)) }

    @Test func everySizeIsFilledAndNeverExceeded() {
        let screens: [[Key]] = [
            [], [.character("w")], [.character("/"), .character("w")], [.character("r")], [.character("l")],
            [.character("e")],
            [.character("?")],
        ]
        for (columns, rows) in [(1, 2), (7, 3), (20, 5), (40, 10), (80, 24), (132, 50), (300, 100)] {
            for keys in screens {
                let size = TerminalSize(columns: columns, rows: rows)
                var model = TopModel.sample(.web(30), .db, .sample("日本", .sample("日本", 0, .failed)), size: size)
                for key in keys { _ = model.take(.key(key)) }
                _ = model.take(.logs(ReplicaName(service: "db", index: 0), ["日本語日本語日本語日本語日本語"]))
                for view in [Self.plain, TopView(palette: Palette(isColoured: true))] {
                    let lines = lines(model, view)
                    #expect(lines.count == rows)
                    #expect(lines.allSatisfy { width($0) <= columns }, "\(columns)×\(rows) \(keys)")
                }
            }
        }
    }

    @Test func aSmallScreenShowsWhatMattersMost() {
        let failed = ServiceDocument.sample(
            "db", .sample("db", 0, .running, pid: 7, reason: "readiness probe failed: connection refused"))
        let lines = lines(.sample(failed, .web(20), size: TerminalSize(columns: 40, rows: 10)))
        #expect(lines[0] == "shop   ready   20 of 21 ready   up 90s")
        #expect(lines[1].hasPrefix(" REPLICA▾"))
        #expect(lines[2].hasPrefix(">db/0      not ready      -      -"))
        #expect(lines[8] == "db/0 not ready: readiness probe failed:…")
        #expect(lines[9].hasPrefix("q quit   ? help"))
    }

    @Test func whatTheAutoscalerDecidesIsTold() {
        let scaling = ScalingDocument(rule: .autoscaler, active: true, minimum: 2, maximum: 8)
        let web = ServiceDocument.sample("web", scaling: scaling, .sample("web", 0, .running, ready: true, pid: 7))
        let idle = ServiceDocument.sample(
            "db", scaling: ScalingDocument(rule: .autoscaler, awaitsConnection: true, minimum: 0, maximum: 3))
        let lines = lines(.sample(web, idle))
        #expect(lines[0].contains("1 of 1 ready   db on demand"))
        #expect(lines[22] == "web/0 ready (pid 7, 1/2..8)")
    }

    @Test func theSelectedRowIsAlwaysInSight() {
        var model = TopModel.sample(.web(50), size: TerminalSize(columns: 80, rows: 10))
        for key in [Key.end, .pageUp, .up, .home, .pageDown, .down] {
            _ = model.take(.key(key))
            #expect(lines(model).count { $0.hasPrefix(">") } == 1)
        }
        _ = model.take(.resized(TerminalSize(columns: 80, rows: 5)))
        #expect(lines(model).count { $0.hasPrefix(">") } == 1)
    }

    @Test func withoutColoursThereIsNoEscapeSequence() {
        var model = TopModel.sample(.web(3), .db)
        for key in [Key.character("j"), .character("l")] {
            _ = model.take(.key(key))
            #expect(!lines(model).joined().contains("\u{1B}"))
        }
    }

    @Test func whatAServiceWroteDoesNothingToTheTerminal() {
        let line = LogLine(
            time: Timestamp(milliseconds: 0), service: "web", replica: 0, stream: .stdout, sequence: 1,
            text: "\u{1B}[31mred\u{1B}[0m\u{1B}]0;title\u{7}\rx")
        let text = StreamRecord.item(line).paneText
        #expect(text.hasSuffix("  red ]0;title  x"))
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test func aDaemonThatIsGoneIsTold() {
        var model = TopModel.sample(.web(1))
        _ = model.take(.unreachable("daemon gone, reconnecting"))
        #expect(lines(model)[0].hasPrefix("shop   daemon gone, reconnecting"))
        _ = model.take(.key(.character("l")))
        #expect(lines(model)[0].contains("daemon gone, reconnecting"))
    }

    @Test func wideScreensTellTheReasonBesideEachRow() {
        let waiting = ServiceDocument.sample("web", .sample("web", 0, .waiting, reason: "waits for db"))
        let lines = lines(.sample(waiting, size: TerminalSize(columns: 150, rows: 10)))
        #expect(lines[1].contains("CPU 1 MIN") && lines[1].contains("MEM 1 MIN") && lines[1].contains("REASON"))
        #expect(lines[2].contains("waits for db"))
    }
}
