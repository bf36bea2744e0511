import Testing

@testable import CommandKit

struct WrappingTests {
    @Test func wordsFillLines() {
        #expect(DisplayWidth.wrapped("one two three", to: 8) == ["one two", "three"])
        #expect(DisplayWidth.wrapped("one two three", to: nil) == ["one two three"])
        #expect(DisplayWidth.wrapped("", to: 8) == [""])
    }

    @Test func aWordThatIsTooLongIsBroken() {
        #expect(DisplayWidth.wrapped("a abcdefghij b", to: 4) == ["a", "abcd", "efgh", "ij b"])
        #expect(DisplayWidth.wrapped("日本語", to: 4) == ["日本", "語"])
    }

    @Test func textStandsInAColumnAfterItsLabel() {
        let text = "this is a text of some length that goes on"
        #expect(
            DisplayWidth.hanging(text, after: "label ", labelWidth: 6, width: 34)
                == ["label this is a text of some", "      length that goes on"])
        // Where the label leaves too little room, under it.
        #expect(
            DisplayWidth.hanging(text, after: "label ", labelWidth: 6, width: 20)
                == ["label ", "    this is a text", "    of some length", "    that goes on"])
    }
}
