import StackModel
import SupervisorCore
import Testing

/// One instance, seen through a stack of one service.
@Suite struct InstanceMachineTests {
    private func started(_ spec: ServiceSpec) -> Driver {
        var driver = Driver([spec])
        driver.start()
        driver.spawned("a/0")
        return driver
    }

    // MARK: Coming up

    @Test func withoutReadinessItIsReadyAsSoonAsItRuns() {
        var driver = Driver([service("a")])
        driver.start()
        #expect(driver.deeds == ["spawn a/0"])
        #expect(driver.phase("a/0") == .starting)
        driver.spawned("a/0")
        #expect(driver.phase("a/0") == .running)
        #expect(driver.isReady("a/0"))
        #expect(driver.replica("a/0")?.pid == 1001)
    }

    @Test func theJournalKnowsOfItBeforeItIsSpawned() {
        var driver = Driver([service("a")])
        driver.start()
        let creating = driver.effects.firstIndex { if case .record(.creating) = $0 { true } else { false } }
        let spawn = driver.effects.firstIndex { if case .spawn = $0 { true } else { false } }
        #expect(creating != nil && spawn != nil && creating ?? 0 < spawn ?? 0)
        driver.spawned("a/0")
        driver.exited("a/0")
        let id = InstanceID(serial: 1)
        #expect(driver.journal.contains(.started(id, pid: 1001)))
        #expect(driver.journal.last == .ended(id))
    }

    @Test func theStartupProbeGatesTheOthers() {
        var driver = started(
            service("a", probes: ProbeSet(startup: tcpProbe, readiness: tcpProbe, liveness: tcpProbe)))
        #expect(driver.deeds == ["probe #1 startup 1"])
        #expect(driver.phase("a/0") == .starting)
        driver.answer("a/0", .startup, .passed)
        #expect(driver.deeds == ["probe #1 readiness 1", "probe #1 liveness 1"])
        #expect(driver.phase("a/0") == .running)
        #expect(!driver.isReady("a/0"))
        driver.answer("a/0", .readiness, .passed)
        #expect(driver.isReady("a/0"))
    }

    @Test func readyOnTheNotifySocketIsPartOfTheStart() {
        var driver = started(service("a", probes: ProbeSet(startup: tcpProbe), notify: true))
        driver.notify("a/0", .ready)
        #expect(driver.phase("a/0") == .starting)
        driver.answer("a/0", .startup, .passed)
        #expect(driver.isReady("a/0"))

        driver = started(service("a", probes: ProbeSet(readiness: ProbeSpec(handler: .notify))))
        #expect(driver.deeds == [])
        #expect(!driver.isReady("a/0"))
        driver.notify("a/0", .ready)
        #expect(driver.isReady("a/0"))
    }

    @Test func aStartBeyondItsTimeoutIsStopped() {
        var driver = started(service("a", notify: true, startTimeout: .seconds(5)))
        driver.pass(.seconds(4.9))
        #expect(driver.deeds == [])
        driver.pass(.seconds(0.1))
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        #expect(driver.last("stopping")?.reason == .stopping(.startTimedOut(after: .seconds(5))))
    }

    @Test func extendTimeoutGivesAStartAndAStopMoreTime() {
        var driver = started(service("a", notify: true, startTimeout: .seconds(5)))
        driver.pass(.seconds(4))
        driver.notify("a/0", .extendTimeout(.seconds(10)))
        driver.pass(.seconds(9.9))
        #expect(driver.phase("a/0") == .starting)
        driver.pass(.seconds(0.1))
        #expect(driver.phase("a/0") == .stopping)
        driver.notify("a/0", .extendTimeout(.seconds(60)))
        driver.pass(.seconds(59))
        #expect(!driver.deeds.contains("kill #1"))
        driver.pass(.seconds(1))
        #expect(driver.deeds == ["kill #1"])
    }

    @Test func noMessageExtendsATimeoutForEver() {
        var driver = started(service("a", stop: StopSpec(gracePeriod: .seconds(1))))
        driver.command(.stop([]))
        driver.notify("a/0", .extendTimeout(.seconds(1_000_000_000)))
        driver.pass(.seconds(299))
        #expect(driver.deeds == [])
        driver.pass(.seconds(1))
        #expect(driver.deeds == ["kill #1"])
    }

    @Test func aStartupProbeThatFailsRestartsIt() {
        var spec = tcpProbe
        spec.period = .seconds(1)
        var driver = started(service("a", probes: ProbeSet(startup: spec)))
        for _ in 0..<3 {
            driver.answer("a/0", .startup, .failed("refused"))
            driver.pass(.seconds(1))
        }
        #expect(driver.phase("a/0") == .stopping)
        #expect(driver.last("stopping")?.reason == .stopping(.startupProbeFailed("refused")))
        driver.exited("a/0")
        #expect(driver.phase("a/0") == .backoff)
    }

    // MARK: Being up

    @Test func aReadinessFailureOnlyTakesItOutOfRotation() {
        var spec = tcpProbe
        spec.failureThreshold = 2
        var driver = started(service("a", probes: ProbeSet(readiness: spec)))
        driver.answer("a/0", .readiness, .passed)
        #expect(driver.isReady("a/0"))
        driver.pass(.seconds(10))
        driver.answer("a/0", .readiness, .failed("refused"))
        #expect(driver.isReady("a/0"))
        driver.pass(.seconds(10))
        driver.answer("a/0", .readiness, .failed("refused"))
        #expect(!driver.isReady("a/0"))
        #expect(driver.phase("a/0") == .running)
        #expect(driver.replica("a/0")?.reason == "its readiness probe says: refused")
        driver.pass(.seconds(10))
        driver.answer("a/0", .readiness, .passed)
        #expect(driver.isReady("a/0"))
    }

    @Test func whatANewInstanceLacksIsToldOnceAtItsFirstFailure() {
        var driver = started(service("a", probes: ProbeSet(readiness: tcpProbe)))
        for _ in 0..<5 {
            driver.answer("a/0", .readiness, .failed("refused"))
            driver.pass(.seconds(10))
        }
        let told = driver.published.filter { $0.reason.code == "probe_failed" }.map(\.reason)
        #expect(told == [.probeFailed(.readiness, "refused", times: 1), .probeFailed(.readiness, "refused", times: 3)])
    }

    @Test func aLivenessFailureRestartsItAndStopsItsOtherProbes() {
        var spec = tcpProbe
        spec.failureThreshold = 1
        var driver = started(service("a", probes: ProbeSet(readiness: tcpProbe, liveness: spec)))
        driver.answer("a/0", .liveness, .failed("HTTP status 500"))
        #expect(driver.deeds == ["cancel #1 readiness 1", "signal #1 SIGTERM mainProcess"])
        driver.exited("a/0", 0)
        #expect(driver.phase("a/0") == .backoff)
        #expect(driver.replica("a/0")?.restarts == 1)
        // What made it end, not what ended it, is the reason that people see.
        #expect(
            driver.replica("a/0")?.reason.hasPrefix("its liveness probe failed: HTTP status 500; is restarted in ")
                == true)
    }

    @Test func aSilentWatchdogRestartsIt() {
        var driver = started(service("a", watchdog: .seconds(3)))
        driver.pass(.seconds(2))
        driver.notify("a/0", .watchdog)
        driver.pass(.seconds(2))
        #expect(driver.phase("a/0") == .running)
        driver.pass(.seconds(1))
        #expect(driver.last("stopping")?.reason == .stopping(.watchdogSilent(for: .seconds(3))))
    }

    @Test func whatSaysThatItIsBrokenIsRestarted() {
        var driver = started(service("a"))
        driver.notify("a/0", .broken)
        #expect(driver.last("stopping")?.reason == .stopping(.reportedBroken))
        driver.exited("a/0")
        #expect(driver.deeds == ["release #1", "spawn a/0"])
    }

    @Test func whatAnnouncesThatItStopsIsOutOfRotation() {
        var driver = started(service("a"))
        driver.notify("a/0", .stopping)
        #expect(!driver.isReady("a/0"))
        #expect(driver.phase("a/0") == .running)
    }

    @Test func itsStatusIsShownAndBounded() {
        var driver = started(service("a"))
        driver.notify("a/0", .status(String(repeating: "x", count: 10_000)))
        #expect(driver.replica("a/0")?.status?.count == 256)
    }

    // MARK: Going

    @Test func aStopGoesThroughHookDrainSignalAndKill() {
        let stop = StopSpec(
            preStop: ["bye"], drain: .seconds(5), signal: .interrupt, gracePeriod: .seconds(7))
        var driver = started(service("a", stop: stop))
        driver.command(.stop([]))
        #expect(driver.deeds == ["preStop #1"])
        #expect(!driver.isReady("a/0"))
        driver.send(.preStopFinished(InstanceID(serial: 1), .succeeded))
        #expect(driver.deeds == [])
        driver.pass(.seconds(5))
        #expect(driver.deeds == ["signal #1 SIGINT mainProcess"])
        driver.pass(.seconds(7))
        #expect(driver.deeds == ["kill #1"])
        #expect(driver.last("killed")?.reason == .killed(afterGrace: .seconds(7)))
        driver.send(.exited(InstanceID(serial: 1), .signalled(.kill, coreDumped: false), leftovers: false))
        #expect(driver.deeds == ["release #1"])
        #expect(driver.phase("a/0") == .stopped)
    }

    @Test func aHookThatHangsDoesNotHoldTheStopBeyondTheGracePeriod() {
        var driver = started(service("a", stop: StopSpec(preStop: ["bye"], gracePeriod: .seconds(3))))
        driver.command(.stop([]))
        driver.pass(.seconds(3))
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        #expect(driver.codes(about: "a/0").contains("pre_stop_failed"))
    }

    @Test func aKillIsRepeatedUntilNothingIsLeft() {
        var driver = started(service("a", stop: StopSpec(gracePeriod: .seconds(1))))
        driver.command(.stop([]))
        driver.pass(.seconds(3))
        #expect(driver.deeds == ["kill #1", "kill #1", "kill #1"])
        #expect(driver.codes(about: "a/0").filter { $0 == "killed" }.count == 1)
    }

    @Test func leftoversOfAProcessThatExitedAreEndedTheSameWay() {
        var driver = started(service("a", stop: StopSpec(gracePeriod: .seconds(2))))
        driver.exited("a/0", 1, leftovers: true)
        #expect(driver.deeds == ["signal #1 SIGTERM allProcesses"])
        #expect(driver.phase("a/0") == .stopping)
        driver.pass(.seconds(2))
        #expect(driver.deeds == ["kill #1"])
        driver.emptied("a/0")
        #expect(driver.deeds == ["release #1", "spawn a/0"])
    }

    @Test func aStopDuringTheSpawnEndsItAsSoonAsItIsThere() {
        var driver = Driver([service("a")])
        driver.start()
        driver.command(.stop([]))
        #expect(driver.deeds == [])
        driver.spawned("a/0")
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        driver.exited("a/0")
        #expect(driver.phase("a/0") == .stopped)
    }

    @Test func atOnceMeansWithoutHookDrainAndGrace() {
        var driver = started(service("a", stop: StopSpec(preStop: ["bye"], drain: .seconds(9))))
        driver.command(.shutdown(immediately: true))
        #expect(driver.deeds == ["kill #1"])
        driver = Driver([service("a", stop: StopSpec(preStop: ["bye"]))])
        driver.start()
        driver.command(.shutdown(immediately: true))
        driver.spawned("a/0")
        #expect(driver.deeds == ["kill #1"])
    }

    @Test func exitStatusZeroBeforeReadinessIsAFailedStartOfWhatShouldStayUp() {
        var driver = started(service("a", probes: ProbeSet(readiness: tcpProbe)))
        driver.exited("a/0", 0)
        #expect(driver.last("exited")?.reason == .exited(.exited(code: 0), isPremature: true))
        #expect(driver.phase("a/0") == .backoff)

        // Without readiness the policy tells: `always` should stay up, `on-failure` may be done.
        driver = started(service("a", restart: RestartSpec(mode: .always)))
        driver.exited("a/0", 0)
        #expect(driver.last("exited")?.reason == .exited(.exited(code: 0), isPremature: true))
        driver = started(service("a"))
        driver.exited("a/0", 0)
        #expect(driver.phase("a/0") == .completed)
    }

    @Test func eventsOfAnEarlierInstanceChangeNothing() {
        var driver = started(service("a"))
        let first = InstanceID(serial: 1)
        driver.exited("a/0", 1)
        driver.spawned("a/0")
        #expect(driver.replica("a/0")?.instance == InstanceID(serial: 2))
        let before = driver.published.count
        driver.send(.exited(first, .exited(code: 1), leftovers: false))
        driver.send(.emptied(first))
        driver.send(.spawned(first, pid: 7))
        driver.send(.notified(first, .stopping))
        #expect(driver.published.count == before)
        #expect(driver.deeds == [])
        #expect(driver.isReady("a/0"))
    }
}
