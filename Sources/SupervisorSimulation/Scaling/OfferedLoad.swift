import StackModel
import SupervisorCore

/// How much is asked of a service over time, in thousandths of what is right for one replica; the same whenever it is
/// looked at.
struct OfferedLoad {
    enum Shape: CaseIterable {
        case constant, noise, spikes, ramp, steps, silence, bursts
    }

    let shape: Shape
    /// What it is where nothing is out of the ordinary.
    let base: Int
    /// What it comes to in a spike or a burst, at the end of a ramp and at the highest step.
    let peak: Int
    let period: Duration
    /// Every reading is off by so many thousandths at the most.
    let noise: Int
    private let salt: UInt64

    init(_ shape: Shape, base: Int, peak: Int, period: Duration, noise: Int = 0, salt: UInt64 = 0) {
        self.shape = shape
        self.base = base
        self.peak = peak
        self.period = period
        self.noise = noise
        self.salt = salt
    }

    init(random: inout SplitMix64) {
        self.init(
            random.pick(Shape.allCases), base: random.number(in: 200...3_000), peak: random.number(in: 500...8_000),
            period: random.milliseconds(2_000...60_000), noise: random.chance(percent: 50) ? 0 : random.below(200),
            salt: random.next())
    }

    func value(at time: Instant) -> Int {
        let elapsed = time.sinceOrigin
        let turn = Int(elapsed / period)
        switch shape {
        case .constant: return base
        case .noise: return base / 2 + Int(chance(of: turn) % UInt64(base))
        case .spikes: return chance(of: turn) % 5 == 0 ? base + peak : base
        case .ramp:
            let part = min(elapsed / period / 4, 1)
            return base + Int(Double(peak - base) * part)
        case .steps: return base + (peak - base) * (turn % 4) / 3
        case .silence: return 0
        case .bursts: return chance(of: turn) % 4 == 0 ? peak : 0
        }
    }

    /// With what measuring adds or takes away, which differs from one thing measured to the next.
    func reading(of value: Int, at time: Instant, _ thing: UInt64) -> Int {
        guard noise > 0 else { return value }
        let moment = UInt64(truncatingIfNeeded: time.sinceOrigin.wholeNanoseconds / 1_000_000)
        let off = Int(chance(moment, thing) % UInt64(2 * noise + 1)) - noise
        return max(0, value + value * off / 1_000)
    }

    /// When somebody is there next; nil is not within an hour.
    func nextDemand(from time: Instant) -> Instant? {
        if value(at: time) > 0 { return time }
        let turn = Int(time.sinceOrigin / period)
        for next in turn + 1...turn + 60 {
            let start = Instant.origin.advanced(by: period * next)
            if value(at: start) > 0 { return start }
        }
        return nil
    }

    private func chance(of turn: Int) -> UInt64 { chance(UInt64(truncatingIfNeeded: turn), 0) }

    private func chance(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var generator = SplitMix64(seed: salt ^ first &* 0x9E37_79B9_7F4A_7C15 ^ second &* 0xD6E8_FEB8_6659_FD93)
        return generator.next()
    }
}
