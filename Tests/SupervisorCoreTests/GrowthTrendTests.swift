import StackModel
import Testing

@testable import SupervisorCore

private let mebibyte = 1 << 20

/// Gives a trend a value a minute, and tells when it first says that the limit comes.
private func firstForecast(
    minutes: Int, limit: Int, seed: UInt64 = 1, _ value: (Int, inout SplitMix64) -> Int
) -> (minute: Int, perHour: Int, remaining: Duration)? {
    var trend = GrowthTrend(resolution: .seconds(60))
    var random = SplitMix64(seed: seed)
    for minute in 0..<minutes {
        trend.add(value(minute, &random), at: .origin + .seconds(60 * minute))
        if let forecast = trend.forecast(limit: limit) { return (minute, forecast.perHour, forecast.remaining) }
    }
    return nil
}

private func + (left: Instant, right: Duration) -> Instant { left.advanced(by: right) }

@Suite struct GrowthTrendTests {
    @Test func aSteadyLeakIsForetold() throws {
        // 1 MiB a minute from 100 MiB: 512 MiB is there after 412 minutes.
        let found = try #require(
            firstForecast(minutes: 400, limit: 512 * mebibyte) { minute, _ in (100 + minute) * mebibyte })
        #expect((59...61).contains(found.perHour / mebibyte))
        let end = Duration.seconds(60 * found.minute) + found.remaining
        #expect(abs(Double(end.components.seconds) / 60 - 412) < 5)
        // In time, but not from the first values on.
        #expect((12...120).contains(found.minute))
    }

    @Test(arguments: UInt64(1)...10) func aNoisyLeakIsForetold(seed: UInt64) throws {
        let found = try #require(
            firstForecast(minutes: 2_000, limit: 1024 * mebibyte, seed: seed) { minute, random in
                (200 + minute / 2 + Int.random(in: 0...100, using: &random)) * mebibyte
            })
        #expect((20...45).contains(found.perHour / mebibyte))
        #expect(found.minute < 1_300)
    }

    /// Whatever the noise is, it comes from nowhere and goes nowhere.
    @Test(arguments: UInt64(1)...20) func noiseSaysNothing(seed: UInt64) {
        let found = firstForecast(minutes: 2_000, limit: 512 * mebibyte, seed: seed) { _, random in
            Int.random(in: 100...480, using: &random) * mebibyte
        }
        #expect(found == nil)
    }

    /// As with a collector of garbage: up to 450 MiB, and back to 150, in so many minutes.
    @Test(arguments: [2, 3, 5, 8, 10, 11]) func aSawSaysNothing(period: Int) {
        let found = firstForecast(minutes: 2_000, limit: 512 * mebibyte) { minute, _ in
            (150 + 300 * (minute % period) / period) * mebibyte
        }
        #expect(found == nil)
    }

    /// The first tooth of a long one cannot be told from a leak; the others can.
    @Test(arguments: [30, 45, 60, 90, 120, 300]) func aLongSawIsKnownByItsFirstTeeth(period: Int) {
        var trend = GrowthTrend(resolution: .seconds(60))
        var told: [Int] = []
        for minute in 0..<(8 * period) {
            trend.add((150 + 300 * (minute % period) / period) * mebibyte, at: .origin + .seconds(60 * minute))
            if trend.forecast(limit: 512 * mebibyte) != nil { told.append(minute / period) }
        }
        #expect(told.allSatisfy { $0 < 2 }, "in teeth \(Set(told).sorted())")
    }

    @Test func whatStandsStillOrFallsSaysNothing() {
        #expect(firstForecast(minutes: 3_000, limit: 512 * mebibyte) { _, _ in 500 * mebibyte } == nil)
        #expect(
            firstForecast(minutes: 3_000, limit: 512 * mebibyte) { minute, _ in (4_000 - minute) * mebibyte / 8 } == nil
        )
        // It has grown at its start, as all do.
        let found = firstForecast(minutes: 3_000, limit: 512 * mebibyte) { minute, _ in
            min(300, 100 + 40 * minute) * mebibyte
        }
        #expect(found == nil)
    }

    /// So little that the limit is years away is nothing that an operator could use.
    @Test func aGrowthOfNoConsequenceIsNotTold() {
        #expect(firstForecast(minutes: 5_000, limit: 1 << 40) { minute, _ in 100 * mebibyte + minute * 4096 } == nil)
    }

    @Test func whatFallsBackGrowsNoMore() {
        var trend = GrowthTrend(resolution: .seconds(60))
        for minute in 0..<200 { trend.add((100 + minute) * mebibyte, at: .origin + .seconds(60 * minute)) }
        #expect(trend.forecast(limit: 512 * mebibyte) != nil)
        trend.add(100 * mebibyte, at: .origin + .seconds(60 * 200))
        #expect(trend.forecast(limit: 512 * mebibyte) == nil)
    }

    @Test func whatIsReachedIsSaid() {
        var trend = GrowthTrend(resolution: .seconds(60))
        for minute in 0..<200 { trend.add((100 + minute) * mebibyte, at: .origin + .seconds(60 * minute)) }
        #expect(trend.forecast(limit: 200 * mebibyte)?.remaining == .zero)
    }

    /// Ten values a second are no more than their lowest.
    @Test func samplesMayComeMoreOften() throws {
        var trend = GrowthTrend(resolution: .seconds(10))
        for tick in 0..<6_000 {
            trend.add((1_000 + tick / 10) * 100, at: .origin + .milliseconds(100 * tick))
        }
        let found = try #require(trend.forecast(limit: 200_000))
        #expect((350_000...370_000).contains(found.perHour))
    }
}

@Suite struct GrowthWatchTests {
    private static func news(_ minutes: Int, limit: Int?, _ value: (Int) -> Int) -> [Observation] {
        var watch = GrowthWatch(.descriptors, resolution: .seconds(60))
        return (0..<minutes).compactMap { minute in
            watch.add(value(minute), limit: limit, at: .origin + .seconds(60 * minute))
        }
    }

    @Test func itIsToldOnceAndAgainWhenItIsMuchNearer() {
        let news = Self.news(990, limit: 1024) { 34 + $0 }
        let remaining = news.map { news in
            if case .growth(let growth) = news { growth.remaining } else { Duration.zero }
        }
        #expect((2...8).contains(news.count))
        for (earlier, later) in zip(remaining, remaining.dropFirst()) { #expect(later <= earlier / 4) }
    }

    @Test func itIsToldThatItIsOver() {
        let news = Self.news(400, limit: 1024) { $0 < 200 ? 34 + 2 * $0 : 100 }
        #expect(news.last == .growthEnded(.descriptors))
        #expect(news.filter { $0 == .growthEnded(.descriptors) }.count == 1)
        #expect(Self.news(400, limit: nil) { 34 + 2 * $0 }.isEmpty)
    }

    @Test func words() {
        let hour = Duration.seconds(3600)
        #expect(
            Growth(.memory(ofHost: false), perHour: 12 * mebibyte, limit: 512 * mebibyte, remaining: hour * 3)
                .description
                == "its memory grows by 12MiB an hour: the limit, 512MiB, will be reached in about 3 h")
        #expect(
            Growth(.descriptors, perHour: 90, limit: 1024, remaining: hour / 2).description
                == "its open descriptors grow by 90 an hour: the limit of 1024 will be reached in about 30 min")
        #expect(
            Growth(.disk("/var/log"), perHour: 1 << 30, limit: 20 << 30, remaining: .zero).description
                == "the disk of /var/log fills by 1GiB an hour: its 20GiB are full")
    }
}
