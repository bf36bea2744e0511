public import StackModel

/// Something that an instance, or the stack, has less and less of, and when there will be none.
public struct Growth: Hashable, Sendable {
    public enum Resource: Hashable, Sendable {
        /// In bytes. `ofHost`: it is the host's memory that limits it.
        case memory(ofHost: Bool)
        case descriptors
        /// In bytes, of the disk that has this directory.
        case disk(String)
    }

    public var resource: Resource
    public var perHour: Int
    public var limit: Int
    public var remaining: Duration

    public init(_ resource: Resource, perHour: Int, limit: Int, remaining: Duration) {
        self.resource = resource
        self.perHour = perHour
        self.limit = limit
        self.remaining = remaining
    }
}

/// Tells noise, and what rises and falls again and again, from what grows for good, and how fast that does.
///
/// The lowest values of successive stretches of time are looked at, for what is needed in the end is what stays after
/// garbage was collected and caches were emptied. There are three scales of such stretches, the next eight times as
/// long; on each, a growth is what the test of Mann (1945) and Kendall calls significant, and its rate is the median of
/// the slopes between all pairs (Theil, 1950; Sen, 1968), which a few outliers do not move. What rises within what it
/// has been before says nothing on a finer scale: it has fallen back from there.
public struct GrowthTrend: Sendable {
    /// The lowest value of a stretch, when that was, in seconds since the first one, and the highest.
    private struct Point {
        var time: Float
        var value: Float
        var high: Float

        mutating func add(_ other: Point) {
            if other.value < value { (time, value) = (other.time, other.value) }
            high = max(high, other.high)
        }
    }

    /// `value(t) = base + slope · t`
    private struct Line {
        var slope: Double
        var base: Double
        var begin: Double
        var end: Double

        func value(at time: Double) -> Double { base + slope * time }
    }

    private struct Scale {
        /// The oldest first.
        var points: [Point] = []
        /// The stretch that goes on, and when it began.
        var open: (point: Point, since: Float)?
        var line: Line?
    }

    private static let capacity = 24
    private static let scaleCount = 3
    private static let ratio = 8
    /// With fewer points, nothing is significant enough.
    private static let leastPoints = 12
    /// One in 30,000 tests of pure noise comes out beyond so many standard deviations.
    private static let significance = 4.0
    /// Nothing is foretold for longer than so many times what was seen.
    private static let horizon = 6.0

    private let resolution: Double
    private var begin: Instant?
    private var latest: Point?
    private var scales = [Scale](repeating: Scale(), count: scaleCount)

    /// `resolution`: the shortest stretch of time.
    public init(resolution: Duration) {
        self.resolution = resolution.inSeconds
    }

    /// Takes a value; the later the call, the later its time.
    public mutating func add(_ value: Int, at time: Instant) {
        let begin = begin ?? time
        self.begin = begin
        let point = Point(
            time: Float(begin.duration(to: time).inSeconds), value: Float(value), high: Float(value))
        latest = point
        add(point, to: 0)
    }

    private mutating func add(_ point: Point, to index: Int) {
        guard let open = scales[index].open else {
            scales[index].open = (point, point.time)
            return
        }
        let length = resolution * Double(Self.power(index))
        // Samples come a little early now and then.
        guard Double(point.time - open.since) >= 0.9 * length else {
            scales[index].open?.point.add(point)
            return
        }
        scales[index].open = (point, point.time)
        if scales[index].points.count == Self.capacity { scales[index].points.removeFirst() }
        scales[index].points.append(open.point)
        if index + 1 < Self.scaleCount { add(open.point, to: index + 1) }
        scales[index].line = line(of: index)
    }

    private static func power(_ exponent: Int) -> Int { (0..<exponent).reduce(1) { power, _ in power * ratio } }

    // MARK: What comes of it

    /// How long it takes until the limit is reached, and how much it grows in an hour; nil where it does not grow, or
    /// so little that nobody can tell. Nothing remains where it is reached.
    public func forecast(limit: Int) -> (perHour: Int, remaining: Duration)? {
        guard let latest else { return nil }
        for line in scales.compactMap(\.line) {
            // What has fallen back since does not grow.
            guard Double(latest.value) >= line.value(at: (line.begin + line.end) / 2) else { continue }
            let present = max(line.value(at: Double(latest.time)), Double(latest.value))
            let seconds = max(0, (Double(limit) - present) / line.slope)
            guard seconds <= Self.horizon * (line.end - line.begin) else { continue }
            return (Int(line.slope * 3600), .seconds(Int64(seconds)))
        }
        return nil
    }

    private func line(of index: Int) -> Line? {
        let points = scales[index].points
        guard points.count >= Self.leastPoints, isRising(points), !isUsual(points, on: index) else { return nil }
        let slope = Self.medianSlope(points)
        guard slope > 0 else { return nil }
        let base = Self.median(points.map { Double($0.value) - slope * Double($0.time) })
        return Line(
            slope: slope, base: base, begin: Double(points.first?.time ?? 0), end: Double(points.last?.time ?? 0))
    }

    /// Mann's test: many more pairs rise than would by chance. And the end is above the whole first half, which that of a
    /// second tooth of a saw is not.
    private func isRising(_ points: [Point]) -> Bool {
        var sum = 0
        for (index, later) in points.enumerated() {
            for earlier in points[..<index] {
                if later.value > earlier.value { sum += 1 } else if later.value < earlier.value { sum -= 1 }
            }
        }
        let count = Double(points.count)
        let deviation = (count * (count - 1) * (2 * count + 5) / 18).squareRoot()
        guard Double(sum) > Self.significance * deviation else { return false }
        let end = points.suffix(points.count / 4).map { Double($0.value) }
        return Self.median(end) > Double(points[..<(points.count / 2)].map(\.value).max() ?? 0)
    }

    /// It has been as high before, as coarser scales remember.
    private func isUsual(_ points: [Point], on index: Int) -> Bool {
        let end = points.suffix(points.count / 4)
        guard let begin = end.first?.time, let high = end.map(\.high).max() else { return true }
        return scales[(index + 1)...].contains { scale in
            scale.points.contains { $0.time < begin && $0.high >= high }
        }
    }

    private static func medianSlope(_ points: [Point]) -> Double {
        var slopes: [Double] = []
        slopes.reserveCapacity(points.count * (points.count - 1) / 2)
        for (index, later) in points.enumerated() {
            for earlier in points[..<index] where later.time > earlier.time {
                slopes.append(Double(later.value - earlier.value) / Double(later.time - earlier.time))
            }
        }
        return median(slopes)
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}

/// Follows one thing that may grow, and says what is worth telling of it: a growth once, again when its end is much
/// nearer, and that it is over.
public struct GrowthWatch: Sendable {
    /// It is told again when no more than one in so many parts of the time remains that was told.
    private static let nearer = 4
    /// It is over when nothing was to be seen of it for so many times the resolution.
    private static let calm = 12

    private let resource: Growth.Resource
    private let resolution: Duration
    private var trend: GrowthTrend
    /// What was told last of a growth that is not over, and when it was seen last.
    private var told: (remaining: Duration, seen: Instant)?

    public init(_ resource: Growth.Resource, resolution: Duration) {
        self.resource = resource
        self.resolution = resolution
        trend = GrowthTrend(resolution: resolution)
    }

    /// Takes a value and what it may be; nil: it may be anything.
    public mutating func add(_ value: Int, limit: Int?, at time: Instant) -> Observation? {
        trend.add(value, at: time)
        guard let limit, let forecast = trend.forecast(limit: limit) else {
            guard let told, told.seen.duration(to: time) >= resolution * Self.calm else { return nil }
            self.told = nil
            return .growthEnded(resource)
        }
        let isNews = told.map { forecast.remaining <= $0.remaining / Self.nearer && $0.remaining > .zero } ?? true
        told = (isNews ? forecast.remaining : told?.remaining ?? forecast.remaining, time)
        guard isNews else { return nil }
        return .growth(
            Growth(resource, perHour: forecast.perHour, limit: limit, remaining: forecast.remaining))
    }
}

// MARK: - Words

extension Growth: CustomStringConvertible {
    public var description: String {
        let end = remaining == .zero ? "is reached" : "will be reached in about \(Self.words(remaining))"
        switch resource {
        case .memory(let ofHost):
            return "its memory grows by \(Self.size(perHour)) an hour: "
                + "\(ofHost ? "the most that the host can give it" : "the limit"), \(Self.size(limit)), \(end)"
        case .descriptors:
            return "its open descriptors grow by \(perHour) an hour: the limit of \(limit) \(end)"
        case .disk(let directory):
            return "the disk of \(directory) fills by \(Self.size(perHour)) an hour: its \(Self.size(limit)) "
                + (remaining == .zero ? "are full" : "will be full in about \(Self.words(remaining))")
        }
    }

    private static func size(_ bytes: Int) -> String { ByteCount(Int64(bytes)).approximateText }

    /// In one unit, as nobody knows it any better.
    private static func words(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        switch seconds {
        case (48 * 3600)...: return "\((seconds + 43_200) / 86_400) days"
        case 7200...: return "\((seconds + 1800) / 3600) h"
        case 120...: return "\((seconds + 30) / 60) min"
        default: return "\(seconds) s"
        }
    }
}

extension Growth.Resource: CustomStringConvertible {
    public var description: String {
        switch self {
        case .memory: "its memory"
        case .descriptors: "its number of open descriptors"
        case .disk(let directory): "what is on the disk of \(directory)"
        }
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
