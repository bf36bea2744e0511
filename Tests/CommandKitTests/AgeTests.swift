import ControlProtocol
import Testing

@testable import CommandKit

struct AgeTests {
    @Test(arguments: [
        (0, "0ms"), (999, "999ms"), (4_250, "4.2s"), (12_900, "12s"), (119_999, "119s"), (120_000, "2m"),
        (7_200_000, "2h"), (172_800_000, "2d"), (-5, "0ms"),
    ])
    func hasOneUnit(milliseconds: Int64, expected: String) {
        let start = Timestamp(milliseconds: 1_000_000)
        #expect(age(from: start, to: Timestamp(milliseconds: 1_000_000 + milliseconds)) == expected)
    }
}
