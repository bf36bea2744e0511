import Testing

@testable import CommandKit

/// What is written is tried on a screen, so that it may be written in any way that leads there.
struct ScreenPainterTests {
    private static let size = TerminalSize(columns: 10, rows: 4)

    @Test func theFirstFrameIsTheWholeScreen() {
        var (painter, screen) = (ScreenPainter(), TestScreen(Self.size, junk: "zzz"))
        screen.take(painter.update(to: ["one", "two"], size: Self.size))
        #expect(screen.lines == ["one", "two", "", ""])
    }

    @Test func onlyWhatChangedIsWritten() {
        var (painter, screen) = (ScreenPainter(), TestScreen(Self.size))
        screen.take(painter.update(to: ["one", "two", "three"], size: Self.size))
        let frame = painter.update(to: ["one", "2", "three"], size: Self.size)
        screen.take(frame)
        #expect(screen.lines == ["one", "2", "three", ""])
        #expect(!frame.contains("one") && !frame.contains("three"))
    }

    @Test func nothingIsWrittenWhereNothingChanged() {
        var painter = ScreenPainter()
        _ = painter.update(to: ["one"], size: Self.size)
        #expect(painter.update(to: ["one"], size: Self.size).isEmpty)
    }

    @Test func linesThatAreGoneAreCleared() {
        var (painter, screen) = (ScreenPainter(), TestScreen(Self.size))
        screen.take(painter.update(to: ["one", "two", "three"], size: Self.size))
        screen.take(painter.update(to: ["one"], size: Self.size))
        #expect(screen.lines == ["one", "", "", ""])
    }

    @Test func afterSomebodyElseWroteAllIsWrittenAnew() {
        var (painter, screen) = (ScreenPainter(), TestScreen(Self.size))
        screen.take(painter.update(to: ["one", "two"], size: Self.size))
        screen = TestScreen(Self.size, junk: "zzz")
        painter.forget()
        screen.take(painter.update(to: ["one", "two"], size: Self.size))
        #expect(screen.lines == ["one", "two", "", ""])
    }

    @Test func anotherSizeIsAnotherScreen() {
        var painter = ScreenPainter()
        _ = painter.update(to: ["one", "two"], size: Self.size)
        let wide = TerminalSize(columns: 20, rows: 3)
        var screen = TestScreen(wide, junk: "zzz")
        screen.take(painter.update(to: ["one", "two"], size: wide))
        #expect(screen.lines == ["one", "two", ""])
    }
}

/// As much of a terminal as the painter uses: text, CUP, EL, ED, and private modes, which change nothing on it.
private struct TestScreen {
    private var cells: [[Character]]
    private var row = 0
    private var column = 0

    init(_ size: TerminalSize, junk: String = "") {
        cells = Array(repeating: Array(junk), count: size.rows)
    }

    var lines: [String] { cells.map { String($0) } }

    mutating func take(_ text: String) {
        var rest = Substring(text)
        while let character = rest.popFirst() {
            guard character == "\u{1B}" else {
                put(character)
                continue
            }
            let parameters = rest.dropFirst().prefix { "0123456789;?".contains($0) }
            rest = rest.dropFirst(1 + parameters.count)
            perform(rest.popFirst(), parameters)
        }
    }

    private mutating func put(_ character: Character) {
        while cells[row].count <= column { cells[row].append(" ") }
        cells[row][column] = character
        column += 1
    }

    private mutating func perform(_ final: Character?, _ parameters: Substring) {
        switch final {
        case "H":
            let place = parameters.split(separator: ";").compactMap { Int($0) }
            (row, column) = (place[0] - 1, place[1] - 1)
        case "K":
            cells[row] = Array(cells[row].prefix(column))
        case "J":
            cells[row] = Array(cells[row].prefix(column))
            for below in (row + 1)..<max(row + 1, cells.count) { cells[below] = [] }
        default: break
        }
    }
}
