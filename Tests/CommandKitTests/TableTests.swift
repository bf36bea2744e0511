import Testing

@testable import CommandKit

struct TableTests {
    private var table: Table {
        var table = Table("NAME", "STATE", "REASON")
        table.append(
            Table.Cell("backend/0"), Table.Cell("waiting", .yellow), Table.Cell("waits for db (service_healthy)"))
        table.append(Table.Cell("db/0"), Table.Cell("running", .green), Table.Cell(""))
        return table
    }

    @Test func columnsAreAsWideAsTheirWidestCell() {
        #expect(
            table.lines(width: nil, palette: Palette(isColoured: false)) == [
                "NAME       STATE    REASON",
                "backend/0  waiting  waits for db (service_healthy)",
                "db/0       running",
            ])
    }

    @Test(arguments: [32, 40, 49])
    func theWidestColumnIsShortened(width: Int) {
        let lines = table.lines(width: width, palette: Palette(isColoured: false))
        #expect(lines[1].hasPrefix("backend/0  waiting  waits"))
        #expect(lines[1].hasSuffix("…"))
        #expect(lines.allSatisfy { DisplayWidth.columns(of: $0) <= width })
    }

    @Test(arguments: [1, 5, 10, 20])
    func noTerminalIsTooNarrow(width: Int) {
        let lines = table.lines(width: width, palette: Palette(isColoured: false))
        // Three columns of one character each and what stands between them.
        #expect(lines.allSatisfy { DisplayWidth.columns(of: $0) <= max(width, 7) })
    }

    @Test func columnsThatCanBeDoneWithoutGoBeforeAnythingIsCutShort() {
        var table = Table("NAME", Table.Column("PID", leaving: 1), Table.Column("AGE", leaving: 0), "REASON")
        table.append(
            Table.Cell("backend/0"), Table.Cell("4711"), Table.Cell("12s"), Table.Cell("waits for db (healthy)"))
        func heading(_ width: Int) -> String { table.lines(width: width, palette: Palette(isColoured: false))[0] }
        #expect(heading(80) == "NAME       PID   AGE  REASON")
        #expect(heading(30) == "NAME       PID   REASON")
        #expect(heading(24) == "NAME       REASON")
    }

    @Test func coloursTakeNoRoom() {
        let plain = table.lines(width: 40, palette: Palette(isColoured: false))
        let coloured = table.lines(width: 40, palette: Palette(isColoured: true))
        #expect(coloured[2].contains("\u{1B}[32mrunning\u{1B}[0m"))
        #expect(coloured.map(withoutStyles) == plain)
    }
}

/// The text without its escape sequences of the form `ESC [ … m`.
func withoutStyles(_ text: String) -> String {
    var result = ""
    var isSequence = false
    for character in text {
        if character == "\u{1B}" { isSequence = true }
        if !isSequence { result.append(character) }
        if character == "m" { isSequence = false }
    }
    return result
}
