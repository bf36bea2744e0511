import StackModel
import Testing

@testable import DaemonKit

@Suite struct ProcessorTimeTests {
    private let old = InstanceID(serial: 1)
    private let new = InstanceID(serial: 2)

    @Test func ofTwoInstancesTheOldOneGoesAndTheSumStays() {
        var time = ProcessorTime()
        time.take([old: .seconds(100)], running: [old])
        time.take([old: .seconds(101), new: .seconds(1)], running: [old, new])
        #expect(time.total == .seconds(102))
        time.take([new: .seconds(3)], running: [new])
        #expect(time.total == .seconds(104))
        time.take([:], running: [])
        #expect(time.total == .seconds(104))
    }

    @Test func whatWasReadAsAnInstanceEndedCountsOnce() {
        var time = ProcessorTime()
        time.take([old: .seconds(5)], running: [old])
        time.take([old: .seconds(6)], running: [])
        #expect(time.total == .seconds(6))
        // An answer to somebody else, who had begun to read before.
        time.take([old: .seconds(6)], running: [])
        #expect(time.total == .seconds(6))
    }

    @Test func anInstanceThatCouldNotBeReadStays() {
        var time = ProcessorTime()
        time.take([old: .seconds(5)], running: [old])
        time.take([:], running: [old])
        time.take([old: .seconds(7)], running: [old])
        #expect(time.total == .seconds(7))
    }

    @Test func whatAProcessTakesWithItIsNotTakenBack() {
        var time = ProcessorTime()
        time.take([old: .seconds(5)], running: [old])
        time.take([old: .seconds(2)], running: [old])
        #expect(time.total == .seconds(5))
    }
}
