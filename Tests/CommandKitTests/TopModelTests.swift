import ControlProtocol
import Testing

@testable import CommandKit

struct TopModelTests {
    private func press(_ model: inout TopModel, _ keys: Key...) -> [TopModel.Action] {
        keys.flatMap { model.take(.key($0)) }
    }

    @Test func rowsAreSortedByNameAndTheFirstIsSelected() {
        let model = TopModel.sample(.web(3), .db)
        #expect(model.rows.map(\.name) == ["db/0", "web/0", "web/1", "web/2"])
        #expect(model.selection?.name.text == "db/0")
    }

    @Test func theSelectionStaysWithItsReplicaHoweverRowsAreSorted() {
        var model = TopModel.sample(.web(3), .db)
        _ = press(&model, .down, .character("j"))
        #expect(model.selection?.name.text == "web/1")
        _ = press(&model, .character("n"))
        #expect(model.rows.map(\.name) == ["web/2", "web/1", "web/0", "db/0"])
        #expect(model.selection?.name.text == "web/1")
        _ = press(&model, .up)
        #expect(model.selection?.name.text == "web/2")
        _ = press(&model, .up, .end, .down)
        #expect(model.selection?.name.text == "db/0")
    }

    @Test func aSelectedReplicaThatGoesGivesItsPlaceToTheNext() {
        var model = TopModel.sample(.web(3), .db)
        _ = press(&model, .down, .down)
        _ = model.take(.sample(.sample(.web(1), .db)))
        #expect(model.selection?.name.text == "web/0")
        _ = model.take(.sample(.sample()))
        #expect(model.selection == nil)
        #expect(press(&model, .character("r"), .character("l"), .down).isEmpty)
    }

    @Test func whatTakesSomethingAwayIsAskedBack() {
        var model = TopModel.sample(.web(2))
        #expect(press(&model, .character("r")).isEmpty)
        #expect(model.prompt == .confirmation(.action(.restart, service: "web")))
        #expect(press(&model, .character("y")) == [.perform(.action(.restart, service: "web"))])
        #expect(press(&model, .character("s"), .character("n")).isEmpty)
        #expect(press(&model, .character("s"), .enter).isEmpty)
        #expect(model.prompt == .none)
        #expect(press(&model, .character("S")) == [.perform(.action(.start, service: "web"))])
    }

    @Test func replicasAreCountedOnFromWhatWasAskedFor() {
        var model = TopModel.sample(.web(2))
        #expect(
            press(&model, .character("+"), .character("+")) == [
                .perform(.scale(service: "web", from: 2, to: 3)), .perform(.scale(service: "web", from: 3, to: 4)),
            ])
        #expect(press(&model, .character("-")).isEmpty)
        #expect(press(&model, .character("y")) == [.perform(.scale(service: "web", from: 4, to: 3))])
        // What the daemon says counts.
        _ = model.take(.sample(.sample(.web(2, scale: 0))))
        #expect(press(&model, .character("-"), .character("y")).isEmpty)
    }

    @Test func otherColumnsAreAKeyAway() {
        var model = TopModel.sample(.web(2))
        _ = press(&model, .character("w"))
        #expect(model.columns == .resources)
        _ = press(&model, .character("w"))
        #expect(model.columns == .course)
    }

    @Test func theFilterTakesKeysUntilItIsLeft() {
        var model = TopModel.sample(.web(2), .db)
        _ = press(&model, .character("/"), .character("w"), .character("q"), .backspace)
        #expect(model.filter == "w")
        #expect(model.rows.map(\.name) == ["web/0", "web/1"])
        _ = press(&model, .enter)
        #expect(press(&model, .character("q")) == [.quit])
        _ = press(&model, .escape)
        #expect(model.rows.count == 3)
        _ = press(&model, .character("/"), .paste("db\n"), .character(" "), .character("r"))
        #expect(model.rows.map(\.name) == ["db/0"])
        _ = press(&model, .escape)
        #expect(model.filter.isEmpty)
    }

    @Test func logsAreFollowedAndLeft() {
        var model = TopModel.sample(.web(1))
        let web = ReplicaName(service: "web", index: 0)
        #expect(press(&model, .character("l")) == [.follow(web)])
        _ = model.take(.logs(web, ["one", "two"]))
        _ = model.take(.logs(ReplicaName(service: "db", index: 0), ["stale"]))
        guard case .logs(let pane) = model.screen else {
            Issue.record("no logs are shown")
            return
        }
        #expect(pane.lines == ["one", "two"])
        #expect(press(&model, .character("q")) == [.stopFollowing])
        #expect(model.screen == .replicas)
    }

    @Test func brokenLogsAreFollowedAgainWhenTheDaemonIsBack() {
        var model = TopModel.sample(.web(1))
        let web = ReplicaName(service: "web", index: 0)
        _ = press(&model, .character("l"))
        _ = model.take(.logsEnded(web))
        #expect(model.take(.unreachable("daemon gone")).isEmpty)
        #expect(model.take(.sample(.sample(.web(1)))) == [.follow(web)])
        #expect(model.take(.sample(.sample(.web(1)))).isEmpty)
    }

    @Test func anExplanationBeginsAtItsBeginning() {
        var model = TopModel.sample(.web(1), size: TerminalSize(columns: 40, rows: 5))
        let web = ReplicaName(service: "web", index: 0)
        #expect(press(&model, .enter) == [.explain(web)])
        _ = model.take(.explained(web, (1...9).map { "\($0)" }))
        #expect(pane(model)?.visible(height: model.paneHeight).elementsEqual(["1", "2", "3"]) == true)
        _ = press(&model, .down, .pageDown)
        #expect(pane(model)?.visible(height: model.paneHeight).elementsEqual(["5", "6", "7"]) == true)
        #expect(press(&model, .escape).isEmpty)
        #expect(model.screen == .replicas)
    }

    private func pane(_ model: TopModel) -> TopPane? {
        if case .explanation(let pane) = model.screen { pane } else { nil }
    }

    @Test func whoeverScrollsBackGoesOnSeeingWhatHeSaw() {
        var pane = TopPane(ReplicaName(service: "web", index: 0))
        pane.append((1...20).map { "\($0)" })
        pane.scroll(by: -5, height: 3)
        #expect(pane.visible(height: 3).elementsEqual(["13", "14", "15"]))
        pane.append(["21"])
        #expect(pane.visible(height: 3).elementsEqual(["13", "14", "15"]))
        pane.scroll(by: -1_000, height: 3)
        #expect(pane.visible(height: 3).elementsEqual(["1", "2", "3"]))
        pane.scroll(by: 1_000, height: 3)
        #expect(pane.isAtEnd)
        pane.append((0..<2_000).map { "\($0)" })
        #expect(pane.lines.count == TopPane.capacity)
    }

    @Test func aFailureLastsUntilTheNextSample() {
        var model = TopModel.sample(.web(1))
        _ = model.take(.unreachable("daemon gone"))
        #expect(model.failure == "daemon gone")
        #expect(model.rows.count == 1)
        _ = model.take(.sample(.sample(.web(1))))
        #expect(model.failure == nil)
    }

    @Test func keysThatMeanTheSameEverywhere() {
        var model = TopModel.sample(.web(1))
        for opening in [Key.character("/"), .character("?"), .character("r"), .character("e")] {
            #expect(press(&model, opening, .control("c")).last == .quit)
            #expect(press(&model, .control("z"), .control("l")) == [.suspend, .repaint])
            _ = press(&model, .escape)
        }
    }

    @Test func whatIsReplacedHasTwoRowsUntilTheOldOneIsGone() {
        func web(_ replicas: ReplicaDocument...) -> TopSample {
            var service = ServiceDocument.sample("web", scale: 2)
            service.replicas = replicas
            return .sample(service)
        }
        let old = ReplicaDocument.sample("web", 0, .running, ready: true, instance: 1)
        let new = ReplicaDocument.sample("web", 0, .running, ready: true, instance: 3)
        let other = ReplicaDocument.sample("web", 1, .running, ready: true, instance: 2)
        var model = TopModel.sample()
        var sample = web(old, new, other)
        sample.usage = [(1, 100), (3, 300)].map { instance, memory in
            UsageDocument(
                service: "web", replica: 0, instance: instance, time: .zero, cpuSeconds: 0, memoryBytes: memory,
                processes: 1)
        }
        _ = model.take(.sample(sample))
        #expect(model.rows.map(\.name) == ["web/0 (old)", "web/0 (new)", "web/1"])
        #expect(model.rows.map(\.memory) == [100, 300, 0])
        _ = press(&model, .down)
        #expect(model.selectedRow?.name == "web/0 (new)")
        _ = model.take(.sample(web(new, other)))
        #expect(model.selectedRow?.name == "web/0")
    }

    @Test func aNoticeLastsUntilTheNextKey() {
        var model = TopModel.sample(.web(1))
        _ = model.take(.told(.init(text: "no", style: .red)))
        #expect(model.notice?.text == "no")
        _ = press(&model, .down)
        #expect(model.notice == nil)
    }
}

extension TopModel {
    static func sample(
        _ services: ServiceDocument..., size: TerminalSize = TerminalSize(columns: 80, rows: 24)
    ) -> TopModel {
        var model = TopModel(size: size)
        _ = model.take(.sample(TopSample.sample(services)))
        return model
    }
}

extension TopSample {
    static func sample(_ services: ServiceDocument...) -> TopSample { sample(services) }

    static func sample(_ services: [ServiceDocument]) -> TopSample {
        let time = Timestamp(milliseconds: 0)
        let stack = StackDocument(
            name: "shop", state: .ready, ready: true, since: time, files: [],
            directories: .init(state: "/s", run: "/r", logs: "/l"), daemon: .init(pid: 1, version: "", since: time))
        return TopSample(time: time, stack: stack, services: services, usage: [], host: nil)
    }
}

extension ServiceDocument {
    static let db = sample("db", .sample("db", 0, .running, ready: true, pid: 7))

    static func web(_ count: Int, scale: Int? = nil) -> ServiceDocument {
        var service = sample("web", scale: scale ?? count)
        service.replicas = (0..<count).map { .sample("web", $0, .running, ready: true) }
        return service
    }
}
