import ControlProtocol
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_420_373_042, "2026-11-23T07:52:53.042Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func isWrittenAsRFC3339(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(text) == Timestamp(milliseconds: milliseconds))
    }

    @Test func everyDayOfFourCenturiesComesBack() {
        var previous = ""
        for day in Int64(-73_000)..<Int64(73_097) {
            let timestamp = Timestamp(milliseconds: day * 86_400_000 + 12_345_678)
            let text = timestamp.description
            #expect(previous < text)
            #expect(Timestamp(text) == timestamp)
            previous = text
        }
    }

    @Test(
        arguments: [
            ("2026-11-23T07:52:53Z", 1_795_420_373_000), ("2026-11-23T07:52:53.5Z", 1_795_420_373_500),
            ("2026-11-23t09:52:53+02:00", 1_795_420_373_000), ("2026-11-23 02:22:53-05:30", 1_795_420_373_000),
            ("2026-11-23T07:52:53.042999999Z", 1_795_420_373_042), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ] as [(String, Int64)])
    func otherFormsAreRead(text: String, milliseconds: Int64) {
        #expect(Timestamp(text) == Timestamp(milliseconds: milliseconds))
    }

    @Test(arguments: [
        "", "2026", "2026-11-23", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-31T00:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T07:60:00Z", "2026-11-23T07:52:53", "2026-11-23T07:52:53.Z",
        "2026-11-23T07:52:53+2:00", "2026-11-23T07:52:53Zjunk", "2026-11-23T07:52:53+24:00", "２026-11-23T07:52:53Z",
    ])
    func othersAreNot(text: String) {
        #expect(Timestamp(text) == nil)
    }
}
