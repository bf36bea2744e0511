import ControlProtocol
import LinuxRuntime
import StackModel
import Testing

@testable import DaemonKit
@testable import SupervisorCore

@Suite struct DueTimesTests {
    private let name = ServiceName("job")

    /// 2026-11-23 00:00:00 UTC.
    private static let midnight: Int64 = 1_795_392_000

    private func now(_ wall: Int64, _ seconds: Int64 = 0) -> DueTimes.Now {
        DueTimes.Now(wall: Self.midnight + wall, instant: Instant(sinceOrigin: .seconds(seconds)))
    }

    private func cron(
        _ text: String, isWanted: Bool = true, overlap: ScheduleSpec.Overlap = .skip
    ) throws -> DueTimes.Job {
        let trigger = ScheduleSpec.Trigger.cron(try CronExpression(text), zone: .utc)
        return DueTimes.Job(
            name: try #require(name), schedule: ScheduleSpec(trigger: trigger, overlap: overlap), isWanted: isWanted,
            lastRequest: nil)
    }

    private func every(_ seconds: Int64, isWanted: Bool = true, lastRequest: Int64? = nil) throws -> DueTimes.Job {
        DueTimes.Job(
            name: try #require(name), schedule: ScheduleSpec(trigger: .interval(.seconds(seconds))), isWanted: isWanted,
            lastRequest: lastRequest.map { Instant(sinceOrigin: .seconds($0)) })
    }

    private func hour(_ hours: Int64, _ minutes: Int64 = 0) -> Int64 { hours * 3600 + minutes * 60 }

    @Test func aDailyRunIsDueOnceADay() throws {
        var times = DueTimes()
        times.follow([try cron("0 3 * * *")], at: now(0))
        #expect(times.nextWall == Self.midnight + hour(3))
        #expect(times.nextInstant == nil)
        #expect(times.takeDue(at: now(hour(3) - 1)) == [])
        #expect(times.takeDue(at: now(hour(3))) == [try #require(name)])
        #expect(times.takeDue(at: now(hour(3))) == [])
        #expect(times.nextWall == Self.midnight + hour(27))
    }

    @Test func aClockThatIsSetForwardMakesUpForItOnce() throws {
        var times = DueTimes()
        times.follow([try cron("0 3 * * *")], at: now(0))
        #expect(times.takeDue(at: now(hour(24 * 5 + 4))).count == 1)
        #expect(times.takeDue(at: now(hour(24 * 5 + 4))) == [])
        #expect(times.nextWall == Self.midnight + hour(24 * 6 + 3))
    }

    @Test func aClockThatIsSetBackBringsNoTimeOfTheDayTwice() throws {
        var times = DueTimes()
        times.follow([try cron("0 3 * * *")], at: now(0))
        #expect(times.takeDue(at: now(hour(3))).count == 1)
        #expect(times.takeDue(at: now(hour(1))) == [])
        #expect(times.nextWall == Self.midnight + hour(27))
        #expect(times.takeDue(at: now(hour(3))) == [])
    }

    @Test func aTimeThatHasNotBeenDueComesEarlierWhereTheClockIsSetBack() throws {
        var times = DueTimes()
        times.follow([try cron("0 3 * * *")], at: now(hour(4)))
        #expect(times.nextWall == Self.midnight + hour(27))
        #expect(times.takeDue(at: now(hour(2))) == [])
        #expect(times.nextWall == Self.midnight + hour(3))
    }

    @Test func aClockThatWasWrongByHoursIsBelievedFromThenOn() throws {
        var times = DueTimes()
        // It began in another year.
        times.follow([try cron("0 3 * * *")], at: now(hour(24 * 400)))
        #expect(times.takeDue(at: now(hour(24 * 400 + 3))).count == 1)
        #expect(times.takeDue(at: now(hour(1))) == [])
        #expect(times.nextWall == Self.midnight + hour(3))
        #expect(times.takeDue(at: now(hour(3))).count == 1)
    }

    @Test func whatIsDueEveryHourGoesByTheTimeThatPasses() throws {
        var times = DueTimes()
        times.follow([try cron("0 * * * *")], at: now(0))
        #expect(times.takeDue(at: now(hour(5))).count == 1)
        #expect(times.takeDue(at: now(hour(3, 30))) == [])
        #expect(times.nextWall == Self.midnight + hour(4))
        // A clock that is put right by seconds shows no hour twice.
        #expect(times.takeDue(at: now(hour(4))).count == 1)
        #expect(times.takeDue(at: now(hour(4) - 1)) == [])
        #expect(times.nextWall == Self.midnight + hour(5))
    }

    @Test func anIntervalKeepsItsPaceAndSkipsWhatWasMissed() throws {
        var times = DueTimes()
        times.follow([try every(10)], at: now(0, 100))
        #expect(times.nextInstant == Instant(sinceOrigin: .seconds(110)))
        #expect(times.nextWall == nil)
        #expect(times.takeDue(at: now(0, 109)) == [])
        #expect(times.takeDue(at: now(0, 113)).count == 1)
        #expect(times.nextInstant == Instant(sinceOrigin: .seconds(120)))
        #expect(times.takeDue(at: now(0, 155)).count == 1)
        #expect(times.nextInstant == Instant(sinceOrigin: .seconds(165)))
    }

    @Test func anIntervalDoesNotCareForTheCalendarClock() throws {
        var times = DueTimes()
        times.follow([try every(10)], at: now(0, 100))
        #expect(times.takeDue(at: now(hour(1000), 105)) == [])
        #expect(times.takeDue(at: now(-hour(1000), 105)) == [])
        #expect(times.nextInstant == Instant(sinceOrigin: .seconds(110)))
    }

    @Test func anIntervalBeginsWithARunThatWasAskedFor() throws {
        var times = DueTimes()
        times.follow([try every(10)], at: now(0, 100))
        times.follow([try every(10, lastRequest: 105)], at: now(0, 105))
        #expect(times.nextInstant == Instant(sinceOrigin: .seconds(115)))
        #expect(times.takeDue(at: now(0, 115)).count == 1)
        // One that is long past changes nothing.
        times.follow([try every(10, lastRequest: 105)], at: now(0, 116))
        #expect(times.nextInstant == Instant(sinceOrigin: .seconds(125)))
    }

    @Test func aServiceThatIsStoppedHasNoNextRun() throws {
        var times = DueTimes()
        let name = try #require(name)
        for (job, stopped) in [
            (try cron("0 3 * * *"), try cron("0 3 * * *", isWanted: false)),
            (try every(10), try every(10, isWanted: false)),
        ] {
            times.follow([job], at: now(0, 0))
            times.follow([stopped], at: now(1, 1))
            #expect(times.next(of: name) == nil)
            #expect(times.takeDue(at: now(hour(24), 100)) == [])
            times.follow([job], at: now(hour(24), 100))
            #expect(times.next(of: name) != nil)
            #expect(times.takeDue(at: now(hour(24), 100)) == [])
            times.follow([], at: now(hour(24), 100))
            #expect(times.next(of: name) == nil)
        }
    }

    @Test func aScheduleThatChangesIsTheNewOneFromThenOn() throws {
        var times = DueTimes()
        times.follow([try cron("0 3 * * *")], at: now(0))
        #expect(times.takeDue(at: now(hour(3))).count == 1)
        // In the minute of the run, which is not due again for that.
        times.follow([try cron("0 3 * * *", overlap: .queue)], at: now(hour(3) + 5))
        #expect(times.nextWall == Self.midnight + hour(27))
        times.follow([try cron("0 5 * * *")], at: now(hour(3) + 10))
        #expect(times.nextWall == Self.midnight + hour(5))
        times.follow([try every(60)], at: now(hour(3) + 10, 500))
        #expect(times.nextWall == nil)
        #expect(times.nextInstant == Instant(sinceOrigin: .seconds(560)))
        times.follow([try every(100)], at: now(hour(3) + 10, 530))
        #expect(times.nextInstant == Instant(sinceOrigin: .seconds(600)))
    }

    @Test func severalAreDueByTheirNames() throws {
        var times = DueTimes()
        let jobs = try ["c", "a", "b"].map { text in
            var job = try cron("0 3 * * *")
            job.name = try #require(ServiceName(text))
            return job
        }
        times.follow(jobs, at: now(0))
        #expect(times.takeDue(at: now(hour(3))).map(\.text) == ["a", "b", "c"])
    }
}

@Suite struct ScheduleClockTests {
    private func snapshot(_ trigger: ScheduleSpec.Trigger, desired: DesiredState = .running) throws -> ServiceSnapshot {
        ServiceSnapshot(
            name: try #require(ServiceName("job")), desired: desired, revision: Revision(""), dependencies: [],
            wantedReplicas: 1, replicas: [], schedule: ScheduleSpec(trigger: trigger), runs: [],
            history: [])
    }

    @Test func itTellsOnItsLoopWhenARunIsDue() throws {
        let loop = try EventLoop()
        var due: [String] = []
        let clock = try ScheduleClock(loop: loop, clock: Clock()) { due.append($0.text) }
        let job = try snapshot(.interval(.milliseconds(5)))
        clock.follow([job])
        var isLate = false
        loop.schedule(after: .seconds(30)) { isLate = true }
        while due.count < 3, !isLate { try loop.turn(waiting: true) }
        #expect(due.prefix(3) == ["job", "job", "job"])
        #expect(clock.next(of: job.name) != nil)
        clock.follow([try snapshot(.interval(.milliseconds(5)), desired: .stopped)])
        #expect(clock.next(of: job.name) == nil)
    }

    @Test func itTellsWhenTheNextOneIsByTheClock() throws {
        let loop = try EventLoop()
        let clock = try ScheduleClock(loop: loop, clock: Clock()) { _ in }
        let job = try snapshot(.cron(try CronExpression("0 3 * * *"), zone: .utc))
        clock.follow([job])
        #expect(clock.next(of: job.name)?.description.hasSuffix("T03:00:00.000Z") == true)
    }
}
