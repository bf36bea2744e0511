import Testing

@testable import CommandKit

struct KeyDecoderTests {
    private func keys(_ text: String) -> [Key] {
        var decoder = KeyDecoder()
        return decoder.feed(Array(text.utf8))
    }

    @Test(arguments: [
        ("a", Key.character("a")), ("Z", .character("Z")), ("é", .character("é")), ("日", .character("日")),
        ("🙂", .character("🙂")), ("\r", .enter), ("\n", .enter), ("\t", .tab), ("\u{7F}", .backspace),
        ("\u{03}", .control("c")), ("\u{1A}", .control("z")), ("\u{0C}", .control("l")), ("\u{1B}[A", .up),
        ("\u{1B}OB", .down), ("\u{1B}[1;5C", .right), ("\u{1B}[D", .left), ("\u{1B}[H", .home), ("\u{1B}[4~", .end),
        ("\u{1B}[5~", .pageUp), ("\u{1B}[6;2~", .pageDown), ("\u{1B}[3~", .delete), ("\u{1B}[Z", .backTab),
    ])
    func oneKey(bytes: String, key: Key) {
        #expect(keys(bytes) == [key])
    }

    @Test func whatComesInPiecesIsTheSame() {
        let text = "x\u{1B}[5~日\u{1B}OAü\u{1B}[200~a\u{1B}[31mb\u{1B}[201~y"
        let whole = keys(text)
        #expect(
            whole == [
                .character("x"), .pageUp, .character("日"), .up, .character("ü"), .paste("a\u{1B}[31mb"),
                .character("y"),
            ])
        var decoder = KeyDecoder()
        #expect(text.utf8.flatMap { decoder.feed([$0]) } == whole)
    }

    @Test func anEscapeIsOneWhenNothingComesAfterIt() {
        var decoder = KeyDecoder()
        #expect(decoder.feed([0x1B]).isEmpty)
        #expect(decoder.isUndecided)
        #expect(decoder.timeOut() == [.escape])
        #expect(!decoder.isUndecided)
        #expect(decoder.feed(Array("j".utf8)) == [.character("j")])
    }

    @Test func anUnfinishedSequenceIsNothing() {
        var decoder = KeyDecoder()
        #expect(decoder.feed(Array("\u{1B}[1;".utf8)).isEmpty)
        #expect(decoder.timeOut().isEmpty)
        #expect(decoder.feed(Array("q".utf8)) == [.character("q")])
    }

    @Test func altIsTheEscapeAndTheKey() {
        #expect(keys("\u{1B}j") == [.escape, .character("j")])
    }

    @Test(arguments: ["\u{1B}[15~", "\u{1B}[?1;2c", "\u{1B}[99X"])
    func unknownSequencesAreDropped(sequence: String) {
        #expect(keys(sequence + "q") == [.character("q")])
    }

    @Test func bytesThatAreNoTextAreDropped() {
        var decoder = KeyDecoder()
        #expect(decoder.feed([0xFF, 0x80, 0xC3, 0x61, 0xE6, 0x97, 0x1B]).elementsEqual([.character("a")]))
        #expect(decoder.timeOut() == [.escape])
    }

    @Test func aPasteWithoutAnEndTakesNoEndOfMemory() {
        var decoder = KeyDecoder()
        _ = decoder.feed(Array("\u{1B}[200~".utf8))
        #expect(decoder.feed([UInt8](repeating: 0x61, count: 70_000)).isEmpty)
        guard case .paste(let text)? = decoder.feed(Array("\u{1B}[201~".utf8)).first else {
            Issue.record("the paste has no end")
            return
        }
        #expect(text.count <= 65_600)
    }

    @Test func aSequenceWithoutAnEndIsGivenUp() {
        #expect(keys("\u{1B}[" + String(repeating: "1", count: 40) + "A").last == .character("A"))
    }
}
