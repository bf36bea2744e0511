import Testing

@testable import StackFile

@Suite struct JSONValueTests {
    private static let value: JSONValue = [
        "b": 1, "a": ["x", "y", 2, true, .null], "empty": [:], "none": [],
        "blocks": [["k": "v"], [["deep"]]], "text": "line\n\"quoted\"\t\\ \u{1}\u{85}\u{2028} é 漢",
    ]

    @Test func json() {
        #expect(
            Self.value.text == """
                {
                  "b": 1,
                  "a": ["x", "y", 2, true, null],
                  "empty": {},
                  "none": [],
                  "blocks": [
                    {
                      "k": "v"
                    },
                    [
                      ["deep"]
                    ]
                  ],
                  "text": "line\\n\\"quoted\\"\\t\\\\ \\u0001\\u0085\\u2028 é 漢"
                }
                """)
    }

    @Test func yaml() {
        #expect(
            Self.value.yaml == """
                b: 1
                a: [x, "y", 2, true, null]
                empty: {}
                none: []
                blocks:
                  - k: v
                  - - [deep]
                text: "line\\n\\"quoted\\"\\t\\\\ \\u0001\\u0085\\u2028 é 漢"

                """)
    }

    @Test(arguments: [
        "no", "Yes", "null", "~", "1", "-x", "a b", "a: b", "", "#a", "1s", ".5", "y", "=", "<<", "!a", "*a", "é",
    ])
    func whatIsNoPlainWordIsQuoted(text: String) {
        #expect(JSONValue.string(text).yaml == "\"\(text)\"\n")
    }

    @Test(arguments: ["a", "postgres", "/usr/bin/a-b_c.d", "on-failure", "nothing"])
    func plainWordsAreNot(text: String) {
        #expect(JSONValue.string(text).yaml == "\(text)\n")
    }
}
