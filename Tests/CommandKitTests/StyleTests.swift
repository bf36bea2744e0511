import Testing

@testable import CommandKit

struct StyleTests {
    @Test func colourIsForTerminalsWhoseUserWantsIt() {
        #expect(Palette.suited(isTerminal: true, environment: [:]).isColoured)
        #expect(Palette.suited(isTerminal: true, environment: ["NO_COLOR": ""]).isColoured)
        #expect(!Palette.suited(isTerminal: false, environment: [:]).isColoured)
        #expect(!Palette.suited(isTerminal: true, environment: ["NO_COLOR": "1"]).isColoured)
        #expect(!Palette.suited(isTerminal: true, environment: ["TERM": "dumb"]).isColoured)
        #expect(!Palette.suited(isTerminal: true, environment: [:], isDeclined: true).isColoured)
    }

    @Test func withoutColourTextStaysAsItIs() {
        #expect(Palette(isColoured: false)(.red, "text") == "text")
        #expect(Palette(isColoured: true)(.red, "text") == "\u{1B}[31mtext\u{1B}[0m")
        #expect(Palette(isColoured: true)(.plain, "text") == "text")
    }
}
