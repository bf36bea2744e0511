import Testing

@testable import LinuxRuntime

@Suite struct WallClockTimerTests {
    private func moment(after delay: Duration) -> WallTime {
        WallTime(nanoseconds: WallTime.now.nanoseconds + delay.wholeNanoseconds)
    }

    @Test func itExpiresOnceAtItsMoment() throws {
        let loop = try EventLoop()
        var calls: [WallTime] = []
        let timer = try WallClockTimer(on: loop) { calls.append(.now) }
        let due = moment(after: .milliseconds(20))
        try timer.set(due)
        try loop.run(until: "the moment") { !calls.isEmpty }
        #expect(calls.allSatisfy { $0 >= due })
        var isLater = false
        loop.schedule(after: .milliseconds(50)) { isLater = true }
        try loop.run(until: "a while") { isLater }
        #expect(calls.count == 1)
    }

    @Test(arguments: [0, 1, -5, 1_000_000_000] as [Int64])
    func aMomentThatIsPastExpiresAtOnce(nanoseconds: Int64) throws {
        let loop = try EventLoop()
        var calls = 0
        let timer = try WallClockTimer(on: loop) { calls += 1 }
        try timer.set(WallTime(nanoseconds: nanoseconds))
        try loop.run(until: "the moment") { calls == 1 }
    }

    @Test func itCanBeTakenBackAndSetAnew() throws {
        let loop = try EventLoop()
        var calls = 0
        let timer = try WallClockTimer(on: loop) { calls += 1 }
        try timer.set(moment(after: .seconds(3600)))
        try timer.set(WallTime(nanoseconds: 1))
        try timer.set(nil)
        try loop.turn(waiting: false)
        #expect(calls == 0)
        try timer.set(moment(after: .milliseconds(1)))
        try loop.run(until: "the moment") { calls == 1 }
    }
}
