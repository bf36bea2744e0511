import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

@Suite struct OfferedLoadTests {
    private func values(_ shape: OfferedLoad.Shape) -> [Int] {
        let load = OfferedLoad(shape, base: 1_000, peak: 4_000, period: .seconds(10), salt: 7)
        return (0..<100).map { load.value(at: .at(Double($0) * 5)) }
    }

    @Test func everyShapeIsWhatItIsCalled() {
        #expect(Set(values(.constant)) == [1_000])
        #expect(Set(values(.silence)) == [0])
        #expect(Set(values(.spikes)) == [1_000, 5_000])
        #expect(Set(values(.bursts)) == [0, 4_000])
        #expect(values(.ramp) == values(.ramp).sorted() && values(.ramp).last == 4_000)
        #expect(Set(values(.steps)) == [1_000, 2_000, 3_000, 4_000])
        #expect(values(.noise).allSatisfy { (500..<1_500).contains($0) } && Set(values(.noise)).count > 20)
    }

    @Test func whoeverWaitsForSomebodyIsTold() throws {
        let bursts = OfferedLoad(.bursts, base: 0, peak: 4_000, period: .seconds(10), salt: 7)
        let quiet = try #require((0..<10).map { Instant.at(Double($0) * 10) }.first { bursts.value(at: $0) == 0 })
        let next = try #require(bursts.nextDemand(from: quiet))
        #expect(next > quiet && bursts.value(at: next) > 0)
        #expect(bursts.nextDemand(from: next) == next)
        #expect(OfferedLoad(.silence, base: 1, peak: 1, period: .seconds(1)).nextDemand(from: .origin) == nil)
    }

    @Test func readingsAreOffByNoMoreThanTheirNoise() {
        let load = OfferedLoad(.constant, base: 1_000, peak: 0, period: .seconds(1), noise: 100, salt: 3)
        let readings = (0..<200 as Range<UInt64>).map { load.reading(of: 1_000, at: .at(1), $0) }
        #expect(readings.allSatisfy { (900...1_100).contains($0) } && Set(readings).count > 50)
    }
}
