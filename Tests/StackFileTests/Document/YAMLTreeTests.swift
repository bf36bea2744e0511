import Testing

@testable import StackFile

@Suite struct YAMLTreeTests {
    @Test func keepsOrderKindsAndQuotes() {
        let document = loadDocument("b: [1, 'x', \"y\", ~, , {k: v}]\na: |\n  two\n  lines\n")
        #expect(document.faults == ["1:21 error: a value is missing before this"])
        let good = loadDocument("b: [1, 'x', \"y\", ~, {k: v}]\nnone:\na: |\n  two\n  lines\n")
        #expect(good.faults == [])
        #expect(good.text == "{b: [1, 'x', 'y', null, {k: v}], none: null, a: 'two\nlines\n'}")
    }

    @Test func locatesKeysAndValues() throws {
        let document = loadDocument("a:\n  é🎉: [x,  y]\n")
        let entry = try #require(document.root["a"]?.entries.first)
        #expect(entry.keyLocation == SourceLocation(file: "stack.yaml", line: 2, column: 3))
        guard case .sequence(let items) = entry.value.content else { return #expect(Bool(false), "no sequence") }
        #expect(items.map(\.location.column) == [8, 12])
        #expect(document.sources.line(at: entry.keyLocation) == "  é🎉: [x,  y]")
    }

    @Test func expandsAliasesWithTheirPlaces() {
        let document = loadDocument("x-a: &a {k: v}\nb: *a\nc: [*a, *a]\n")
        #expect(document.text == "{x-a: {k: v}, b: {k: v}, c: [{k: v}, {k: v}]}")
        #expect(document.root["b"]?["k"]?.location == SourceLocation(file: "stack.yaml", line: 1, column: 13))
    }

    @Test func mergeKeysGiveWayToExplicitOnes() {
        let document = loadDocument(
            """
            x-a: &a {one: a, two: a, three: a}
            x-b: &b {two: b, three: b, four: b}
            single: {<<: *a, two: own}
            list: {two: own, <<: [*b, *a]}
            inline: {<<: {k: v}}
            quoted: {"<<": v}
            """)
        #expect(document.faults == [])
        #expect(document.root["single"]?.flow == "{two: own, one: a, three: a}")
        #expect(document.root["list"]?.flow == "{two: own, three: b, four: b, one: a}")
        #expect(document.root["inline"]?.flow == "{k: v}")
        #expect(document.root["quoted"]?.flow == "{<<: v}")
    }

    @Test(arguments: [
        ("a: *b", "1:4 error: there is no anchor `&b` before this alias"),
        ("x: &base 1\na: *bsae", "2:4 error: there is no anchor `&bsae` before this alias; did you mean `*base`?"),
        ("a: &a [*a]", "1:8 error: the alias `*a` stands inside of the value that it refers to"),
        (
            "a: {<<: text}",
            "1:9 error: `<<` takes a mapping or a list of mappings, and this is a single value; refer to an anchor, as in `<<: *NAME`"
        ),
        (
            "a: {<<: [{}, 1]}",
            "1:9 error: `<<` takes a mapping or a list of mappings, and this is a list; refer to an anchor, as in `<<: *NAME`"
        ),
        (
            "a: 1\nb: 2\na: 3",
            "3:1 error: duplicate key `a`: it stands already at stack.yaml:1:1; remove one of the two"
        ),
        ("[a]: 1", "1:1 error: a list cannot be a key; write a plain text before the `:`"),
        ("{a: b}: 1", "1:1 error: a mapping cannot be a key; write a plain text before the `:`"),
        ("a: {'': 1}", "1:5 error: the key is missing before `:`"),
        (
            "a: !new 1",
            "1:4 error: the tag `!new` is not known, or not for a single value; tags that files may use are `!reset` and `!override`"
        ),
        (
            "a: !!binary abc",
            "1:4 error: the tag `!!binary` is not known, or not for a single value; tags that files may use are `!reset` and `!override`"
        ),
        (
            "a: !!map []",
            "1:4 error: the tag `!!map` is not known, or not for a list; tags that files may use are `!reset` and `!override`"
        ),
        (
            "a:\n\tb: 1",
            "2:1 error: no value can begin with this character; indent with spaces, not with tabs, and put a text that begins with a special character in quotes"
        ),
        (
            "a: b: c",
            "1:5 error: a `:` is not allowed here; check the indentation, and put a text that contains `: ` in quotes"
        ),
        (
            "a: [1, 2\nb: 3",
            "2:2 error: the bracket that opens in line 1 is not closed before this; separate entries by commas, and close the bracket"
        ),
        (
            "a: 1\n b: 2",
            "2:3 error: a `:` is not allowed here; check the indentation, and put a text that contains `: ` in quotes"
        ),
        ("a: \"x\nb: 1\n", "1:4 error: the quote that opens here is not closed"),
        (
            "a: @x",
            "1:4 error: no value can begin with this character; indent with spaces, not with tabs, and put a text that begins with a special character in quotes"
        ),
        (
            "  a: 1\n b: 2",
            "2:2 error: this does not fit what stands before it; check the indentation, and that quotes and brackets are closed"
        ),
        ("a: 1\nb\nc: 1", "3:1 error: a key is not followed by `:`; write `KEY: VALUE`"),
        (
            "a: [x]\n  b: 1",
            "2:3 error: this does not fit what begins in line 1; check the indentation, and that quotes and brackets are closed"
        ),
    ])
    func reportsFaults(text: String, fault: String) {
        #expect(loadDocument(text).faults == [fault])
    }

    @Test func knownTagsSayWhatAScalarIs() {
        let document = loadDocument("a: !!str 1\nb: !!int \"2\"\nd: !!null\ne: !!seq [1]\nf: !!str\n")
        #expect(document.faults == [])
        #expect(document.text == "{a: '1', b: 2, d: null, e: [1], f: ''}")
    }

    @Test func keysMayBeNumbers() {
        #expect(loadDocument("8080: a\ntrue: b\n~: c\n").text == "{8080: a, true: b, ~: c}")
    }

    @Test func reportsSeveralFaultsAtOnce() {
        let document = loadDocument("a: !x 1\nb: {c: 1, c: 2}\nd: $\n")
        #expect(document.faults.count == 3)
    }

    @Test func refusesAnAliasBomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...20 {
            text +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        #expect(
            loadDocument(text).faults == [
                "6:15 error: the stack gets too large here: more than 250000 values, aliases expanded; check for anchors that multiply each other"
            ])
    }

    @Test func refusesAliasesOfALongText() {
        let text =
            "a: &a " + String(repeating: "x", count: 1 << 20) + "\nb: [" + String(repeating: "*a,", count: 1000) + "]"
        #expect(loadDocument(text).faults.count == 1)
        #expect(loadDocument(text).faults.first?.contains("too large") == true)
    }

    @Test func boundsTheDepth() {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(loadDocument("a: " + nested(63)).faults == [])
        #expect(loadDocument("a: " + nested(64)).faults == ["1:67 error: this is nested more than 64 levels deep"])
        #expect(loadDocument("a: " + nested(100_000)).faults == ["1:67 error: this is nested more than 64 levels deep"])
        let aliased =
            "a: &a " + nested(40) + "\nb: " + String(repeating: "[", count: 30) + "*a"
            + String(repeating: "]", count: 30)
        #expect(loadDocument(aliased).faults == ["2:34 error: this is nested more than 64 levels deep"])
    }

    @Test func boundsTheNumberOfFaults() {
        let text = (0..<500).map { "a\($0): $\n" }.joined()
        let faults = loadDocument(text).faults
        #expect(faults.count == 101)
        #expect(faults.last == "error: and 400 more")
    }
}
