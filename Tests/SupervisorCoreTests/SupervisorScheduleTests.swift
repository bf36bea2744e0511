import StackModel
import SupervisorCore
import Testing

/// The runs of scheduled services.
@Suite struct SupervisorScheduleTests {
    private let job = "job".asServiceName

    private func schedule(
        _ overlap: ScheduleSpec.Overlap = .skip, runsOnStart: Bool = false, history: Int = 10
    ) -> ScheduleSpec {
        ScheduleSpec(
            trigger: .interval(.seconds(60)), overlap: overlap, runsOnStart: runsOnStart, history: history)
    }

    private func started(_ schedule: ScheduleSpec, restart: RestartSpec = RestartSpec(mode: .no)) -> Driver {
        var driver = Driver([service("job", restart: restart, schedule: schedule)])
        driver.start()
        return driver
    }

    @Test func itWaitsForItsSchedule() {
        var driver = started(schedule())
        #expect(driver.deeds == [])
        #expect(driver.phase("job/0") == .scheduled)
        #expect(driver.supervisor.isReady)
        driver.due("job")
        #expect(driver.deeds == ["spawn job/0"])
        driver.spawned("job/0")
        driver.exited("job/0")
        #expect(driver.phase("job/0") == .completed)
        #expect(driver.runs(of: "job") == ["succeeded"])
        driver.due("job")
        #expect(driver.deeds == ["spawn job/0"])
        #expect(driver.runs(of: "job") == ["-", "succeeded"])
    }

    @Test func itRunsOnStartWhereItSaysSo() {
        var driver = started(schedule(runsOnStart: true))
        #expect(driver.deeds == ["spawn job/0"])
        #expect(driver.service("job")?.runs.first?.origin == .stackStart)
        // A start of what is started is no start of the stack.
        driver.spawned("job/0")
        driver.exited("job/0")
        driver.command(.start([]))
        #expect(driver.deeds == [])
    }

    @Test func aRunThatWaitedAndIsLeftOutIsTold() {
        var driver = started(schedule(.replace))
        driver.due("job")
        driver.spawned("job/0")
        driver.due("job")
        #expect(driver.codes(about: "job").last == "run_replaces")
        driver.due("job")
        #expect(driver.codes(about: "job").contains("run_superseded"))
        #expect(driver.runs(of: "job") == ["-", "-", "was left out: a newer one took its place"])
    }

    @Test func aFailedRunFailsUntilTheNext() {
        var driver = started(schedule())
        driver.due("job")
        driver.spawned("job/0")
        driver.exited("job/0", 3)
        #expect(driver.phase("job/0") == .failed)
        #expect(driver.runs(of: "job") == ["failed: exited with status 3; is not restarted: its restart policy is no"])
        #expect(driver.supervisor.isReady)
        #expect(driver.service("job")?.isAsDesired == true)
        #expect(driver.replica("job/0")?.lastExit?.status == .exited(code: 3))
        driver.due("job")
        #expect(driver.deeds == ["spawn job/0"])
        driver.spawned("job/0")
        driver.exited("job/0", 0)
        #expect(driver.runs(of: "job").first == "succeeded")
    }

    @Test func theRestartPolicyHoldsWithinARun() {
        var driver = started(schedule(), restart: RestartSpec(mode: .onFailure(maximumRetries: 1)))
        driver.due("job")
        driver.spawned("job/0")
        driver.exited("job/0", 1)
        #expect(driver.runs(of: "job") == ["-"])
        #expect(driver.deeds == ["release #1", "spawn job/0"])
        driver.spawned("job/0")
        driver.exited("job/0", 1)
        #expect(driver.runs(of: "job").first?.hasPrefix("failed") == true)
        // The next begins afresh.
        driver.due("job")
        driver.spawned("job/0")
        driver.exited("job/0", 1)
        #expect(driver.runs(of: "job").first == "-")
    }

    @Test func skipLeavesOutWhatIsDueMeanwhile() {
        var driver = started(schedule(.skip))
        driver.due("job")
        driver.spawned("job/0")
        driver.due("job")
        #expect(driver.deeds == [])
        #expect(driver.runs(of: "job") == ["-", "was left out: the one before goes on"])
        driver.exited("job/0")
        #expect(driver.deeds == ["release #1"])
    }

    @Test func queueHasOneWaitAtTheMost() {
        var driver = started(schedule(.queue))
        driver.due("job")
        driver.spawned("job/0")
        driver.due("job")
        driver.due("job")
        #expect(driver.runs(of: "job") == ["-", "-", "was left out: another waits already"])
        driver.exited("job/0")
        #expect(driver.deeds == ["release #1", "spawn job/0"])
        driver.spawned("job/0")
        driver.exited("job/0")
        #expect(driver.runs(of: "job").prefix(2) == ["succeeded", "succeeded"])
        #expect(driver.phase("job/0") == .completed)
    }

    @Test func replaceStopsTheOneBeforeWhichIsNoFailure() {
        var driver = started(schedule(.replace))
        driver.due("job")
        driver.spawned("job/0")
        driver.due("job")
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        #expect(driver.replica("job/0")?.reason.contains("SIGTERM") == true)
        driver.exited("job/0", 143)
        #expect(driver.deeds == ["release #1", "spawn job/0"])
        #expect(driver.runs(of: "job") == ["-", "was stopped"])
        #expect(driver.replica("job/0")?.restarts == 0)
    }

    @Test func aRunWaitsForItsDependencies() {
        var driver = Driver([
            service("db"), service("job", after: [("db", .healthy)], schedule: schedule()),
        ])
        driver.start()
        driver.due("job")
        #expect(driver.phase("job/0") == .waiting)
        driver.due("job")
        #expect(driver.runs(of: "job").count == 2)
        driver.spawned("db/0")
        #expect(driver.deeds == ["spawn job/0"])
    }

    @Test func aDependencyThatHasFailedIsWaitedForToo() {
        var driver = Driver([
            service("db", restart: RestartSpec(mode: .no)),
            service("job", after: [("db", .healthy)], schedule: schedule()),
        ])
        driver.start()
        driver.spawned("db/0")
        driver.exited("db/0", 1)
        driver.due("job")
        #expect(driver.phase("job/0") == .waiting)
        driver.command(.start(["db".asServiceName]))
        driver.spawned("db/0")
        #expect(driver.deeds == ["spawn job/0"])
    }

    @Test func itsDependentsWaitForItsFirstSuccess() {
        var driver = Driver([
            service("job", restart: RestartSpec(mode: .no), isAwaitedToComplete: true, schedule: schedule()),
            service("web", after: [("job", .completedSuccessfully)]),
        ])
        driver.start()
        driver.due("job")
        driver.spawned("job/0")
        driver.exited("job/0", 1)
        #expect(driver.phase("web/0") == .waiting)
        driver.due("job")
        driver.spawned("job/0")
        driver.exited("job/0", 0)
        #expect(driver.deeds == ["release #2", "spawn web/0"])
        // Once is enough.
        driver.spawned("web/0")
        driver.due("job")
        driver.exited("web/0", 1)
        #expect(driver.phase("web/0") == .waiting || driver.phase("web/0") == .starting)
    }

    @Test func aNamedStartBeginsARunAndAStopEndsThem() {
        var driver = started(schedule())
        driver.command(.start([job]))
        #expect(driver.deeds == ["spawn job/0"])
        #expect(driver.service("job")?.runs.first?.origin == .request)
        driver.spawned("job/0")
        driver.command(.start([job]))
        #expect(driver.runs(of: "job") == ["-"])
        driver.command(.stop([job]))
        driver.exited("job/0", 0)
        #expect(driver.runs(of: "job") == ["was stopped"])
        #expect(driver.phase("job/0") == .stopped)
        driver.due("job")
        #expect(driver.deeds == [])
        driver.command(.start([]))
        #expect(driver.phase("job/0") == .scheduled)
    }

    @Test func aStartOfEverythingBeginsNoRun() {
        var driver = started(schedule())
        driver.command(.start([]))
        driver.command(.restart([]))
        #expect(driver.deeds == [])
        #expect(driver.phase("job/0") == .scheduled)
    }

    @Test func aQueuedRunBeginsAfterARestart() {
        var driver = started(schedule(.queue))
        driver.due("job")
        driver.spawned("job/0")
        driver.due("job")
        driver.command(.restart([]))
        driver.exited("job/0")
        #expect(driver.deeds == ["release #1", "spawn job/0"])
        #expect(driver.runs(of: "job") == ["-", "was stopped"])
    }

    @Test func aServiceScaledToNothingSkipsItsRuns() {
        var driver = started(schedule())
        driver.command(.scale(job, 0))
        driver.due("job")
        #expect(driver.runs(of: "job") == ["was left out: it is scaled to no replica"])
    }

    @Test func itsScheduleMayGoWithItsSpec() {
        var driver = started(schedule(.queue))
        driver.due("job")
        driver.spawned("job/0")
        driver.due("job")
        driver.apply([service("job", revision: "r2")])
        driver.exited("job/0")
        #expect(driver.deeds == ["release #1", "spawn job/0"])
        #expect(driver.runs(of: "job") == [])
        driver.due("job")
        #expect(driver.deeds == [])
    }
}
