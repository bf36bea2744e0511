import Testing

@testable import CommandKit

struct LogPrefixesTests {
    @Test func prefixesHaveOneWidth() {
        var prefixes = LogPrefixes(replicas: [("db", 0), ("backend", 10)], palette: Palette(isColoured: false))
        #expect(prefixes.prefix(service: "db", index: 0) == "db/0       | ")
        #expect(prefixes.prefix(service: "backend", index: 10) == "backend/10 | ")
    }

    @Test func aServiceHasTheSameColourEachTimeAndInEachReplica() {
        let palette = Palette(isColoured: true)
        var one = LogPrefixes(replicas: [("a", 0), ("b", 0), ("b", 1)], palette: palette)
        var other = LogPrefixes(replicas: [("b", 1), ("b", 0), ("a", 0)], palette: palette)
        #expect(one.prefix(service: "b", index: 0) == other.prefix(service: "b", index: 0))
        #expect(colour(of: one.prefix(service: "b", index: 0)) == colour(of: one.prefix(service: "b", index: 1)))
        #expect(colour(of: one.prefix(service: "a", index: 0)) != colour(of: one.prefix(service: "b", index: 0)))
    }

    @Test func aServiceThatCameLaterGetsTheNextColour() {
        var prefixes = LogPrefixes(replicas: [("a", 0)], palette: Palette(isColoured: true))
        let late = prefixes.prefix(service: "late", index: 0)
        #expect(colour(of: late) != colour(of: prefixes.prefix(service: "a", index: 0)))
        #expect(withoutStyles(prefixes.prefix(service: "a", index: 0)) == "a/0    | ")
    }

    @Test func neighboursDifferUntilTheColoursRunOut() {
        let replicas = (0..<Style.serviceCodes.count).map { (service: "s\($0)", index: 0) }
        var prefixes = LogPrefixes(replicas: replicas, palette: Palette(isColoured: true))
        let colours = replicas.map { colour(of: prefixes.prefix(service: $0.service, index: 0)) }
        #expect(Set(colours).count == replicas.count)
    }

    @Test func aProgramsOwnColoursEndWithItsLine() {
        let coloured = LogPrefixes(replicas: [], palette: Palette(isColoured: true))
        #expect(coloured.body("\u{1B}[31mred") == "\u{1B}[31mred\u{1B}[0m")
        #expect(coloured.body("plain") == "plain")
        #expect(LogPrefixes(replicas: [], palette: Palette(isColoured: false)).body("\u{1B}[31mred") == "\u{1B}[31mred")
    }

    private func colour(of prefix: String) -> Substring? {
        prefix.split(separator: "m").first
    }
}
