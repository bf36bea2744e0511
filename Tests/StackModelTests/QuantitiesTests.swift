import StackModel
import Testing

@Suite struct QuantitiesTests {
    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("1b", 1), ("1048576", 1 << 20), ("4k", 4 << 10), ("4K", 4 << 10), ("4kb", 4 << 10),
            ("512M", 512 << 20), ("2G", 2 << 30), ("2GB", 2 << 30), ("1GiB", 1 << 30), ("3t", 3 << 40),
            ("8388607T", 8_388_607 << 40),
        ] as [(String, Int64)])
    func readSizes(text: String, bytes: Int64) {
        #expect(ByteCount(text: text)?.bytes == bytes)
    }

    @Test(arguments: ["", "M", "-1", "1.5G", "1 G", "1X", "1Gi b", "1GG", "8388608T", "99999999999999999999", "١"])
    func refuseSizes(text: String) {
        #expect(ByteCount(text: text) == nil)
    }

    @Test(
        arguments: [
            (0, "0"), (1, "1"), (1023, "1023"), (1 << 10, "1K"), (1536 << 20, "1536M"), (4 << 30, "4G"),
            (1 << 40, "1T"),
            ((1 << 30) + 1, "1073741825"),
        ] as [(Int64, String)])
    func writeSizes(bytes: Int64, text: String) {
        #expect(ByteCount(bytes).description == text)
        #expect(ByteCount(text: text) == ByteCount(bytes))
    }

    @Test func order() {
        #expect(ByteCount(1) < ByteCount(2))
        #expect(Millicores(500) < Millicores(2000))
        #expect(Instant.origin < Instant.origin.advanced(by: .nanoseconds(1)))
    }

    @Test func instants() {
        let start = Instant(sinceOrigin: .seconds(5))
        #expect(start.advanced(by: .seconds(2)).sinceOrigin == .seconds(7))
        #expect(start.duration(to: start.advanced(by: .milliseconds(3))) == .milliseconds(3))
        #expect(start.advanced(by: .seconds(1)).duration(to: start) == .seconds(-1))
    }

    @Test(
        arguments: [
            (0, "0B"), (800, "800B"), (1024, "1KiB"), (1536, "1.5KiB"), (512 << 20, "512MiB"), (3 << 29, "1.5GiB"),
            (99 << 30, "99GiB"), (-(2 << 20), "-2MiB"),
        ] as [(Int64, String)])
    func sizesForPeople(bytes: Int64, text: String) {
        #expect(ByteCount(bytes).approximateText == text)
    }

    @Test(arguments: [(0, "0"), (5, "0.005"), (1400, "1.4"), (43_000, "43"), (-250, "-0.25")])
    func thousandths(number: Int, text: String) {
        #expect(Thousandths.text(number) == text)
    }
}
