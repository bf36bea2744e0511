import Testing

@testable import CommandKit

struct LiveLinesTests {
    @Test func eachFrameReplacesTheLastOne() {
        var live = LiveLines()
        #expect(live.frame(["a", "b"]) == "a\nb\n")
        #expect(live.frame(["c"]) == "\u{1B}[2F\u{1B}[Jc\n")
        #expect(live.frame(["d"], above: "log\n") == "\u{1B}[1F\u{1B}[Jlog\nd\n")
        #expect(live.cleared() == "\u{1B}[1F\u{1B}[J")
        #expect(live.cleared() == "")
    }

    @Test func linesThatWereLeftAreNotTouchedAgain() {
        var live = LiveLines()
        _ = live.frame(["a"])
        live.leave()
        #expect(live.frame(["b"]) == "b\n")
    }

    @Test func nothingIsDrawnForNoLines() {
        var live = LiveLines()
        #expect(live.frame([]) == "")
        #expect(live.frame([], above: "text\n") == "text\n")
    }
}
