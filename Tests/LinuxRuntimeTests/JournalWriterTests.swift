import Testing

@testable import LinuxRuntime

@Suite struct JournalWriterTests {
    @Test(
        arguments: [
            ("<3>an error", 3, "an error"), ("<0>", 0, ""), ("<7><3>twice", 7, "<3>twice"), ("plain", 6, "plain"),
            ("", 6, ""), ("<8>no level", 6, "<8>no level"), ("<3 >", 6, "<3 >"), ("<33>", 6, "<33>"), ("<3", 6, "<3"),
            (" <3>not at its beginning", 6, " <3>not at its beginning"),
        ] as [(String, UInt8, String)])
    func aLineMayBeginWithItsPriority(_ line: String, _ priority: UInt8, _ text: String) {
        Array(line.utf8).withUnsafeBytes { bytes in
            let split = JournalPriority.split(bytes)
            #expect(split.0 == priority && String(decoding: split.1, as: UTF8.self) == text)
        }
    }
}
