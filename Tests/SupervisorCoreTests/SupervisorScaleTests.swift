import StackModel
import SupervisorCore
import Testing

/// How many replicas a service has.
@Suite struct SupervisorScaleTests {
    private let a = "a".asServiceName

    private func running(_ replicas: Int = 2) -> Driver {
        var driver = Driver([service("a", replicas: replicas)])
        driver.start()
        driver.spawnAll()
        return driver
    }

    @Test func moreStart() {
        var driver = running()
        driver.command(.scale(a, 4))
        #expect(driver.deeds == ["spawn a/2", "spawn a/3"])
        #expect(driver.last("scaled")?.reason.description == "is scaled from 2 to 4 replicas")
        #expect(driver.journal.contains(.scaled(a, Scale(4, by: .manual))))
    }

    @Test func theHighestAreStoppedFirstAndTheOthersNotTouched() {
        var driver = running(3)
        driver.command(.scale(a, 1))
        #expect(driver.deeds == ["signal #2 SIGTERM mainProcess", "signal #3 SIGTERM mainProcess"])
        #expect(driver.service("a")?.replicas.count == 3)
        #expect(driver.supervisor.isReady)
        driver.exited("a/2")
        driver.exited("a/1")
        #expect(driver.service("a")?.replicas.map(\.id.index) == [0])
        #expect(driver.instances["a/0"] == InstanceID(serial: 1))
    }

    @Test func noneIsAllowedAndReady() {
        var driver = running(1)
        driver.command(.scale(a, 0))
        driver.exited("a/0")
        #expect(driver.service("a")?.replicas.isEmpty == true)
        #expect(driver.supervisor.isReady)
        #expect(driver.service("a")?.isAsDesired == true)
        driver.command(.scale(a, 1))
        #expect(driver.deeds == ["spawn a/0"])
    }

    @Test func aReplicaThatIsWantedAgainWhileItStopsStartsWhenItHas() {
        var driver = running()
        driver.command(.scale(a, 1))
        driver.command(.scale(a, 2))
        #expect(driver.deeds == [])
        driver.exited("a/1")
        #expect(driver.deeds == ["release #2", "spawn a/1"])
        #expect(driver.replica("a/1")?.restarts == 0)
    }

    @Test func itHoldsOverARestartOfTheServiceAndOfTheDaemon() {
        var driver = running(1)
        driver.command(.scale(a, 2))
        driver.spawnAll()
        driver.command(.restart([], RestartOptions(atOnce: true)))
        driver.exited("a/0")
        driver.exited("a/1")
        #expect(driver.deeds == ["release #2", "spawn a/0", "spawn a/1"])
        var next = Driver([service("a")], restoring: .init(scales: [a: Scale(3, by: .manual)]))
        next.start()
        #expect(next.deeds == ["spawn a/0", "spawn a/1", "spawn a/2"])
    }

    @Test func aFileThatChangesTheNumberOverridesIt() {
        var driver = running(1)
        driver.command(.scale(a, 3))
        driver.spawnAll()
        driver.apply([service("a", replicas: 1, revision: "r2")])
        #expect(driver.service("a")?.wantedReplicas == 3)
        driver.apply([service("a", replicas: 2, revision: "r2")])
        #expect(driver.service("a")?.wantedReplicas == 2)
        #expect(driver.journal.contains(.scaled(a, nil)))
    }

    @Test func aStoppedServiceIsScaledForItsNextStart() {
        var driver = running(1)
        driver.command(.stop([]))
        driver.exited("a/0")
        driver.command(.scale(a, 2))
        #expect(driver.deeds == [])
        #expect(driver.phase("a/1") == .stopped)
        driver.command(.start([]))
        #expect(driver.deeds == ["spawn a/0", "spawn a/1"])
    }

    @Test func noDeadlineOfAReplicaHitsTheNextOneInItsPlace() {
        var driver = running(2)
        driver.exited("a/1", 1)
        driver.spawned("a/1")
        driver.exited("a/1", 1)
        #expect(driver.phase("a/1") == .backoff)
        driver.command(.scale(a, 1))
        // That of a/0, for when it will have been ready for long enough.
        #expect(driver.supervisor.nextDeadline == Instant(sinceOrigin: .seconds(60)))
    }
}

/// Signals that somebody asks for.
@Suite struct SupervisorSignalTests {
    private let a = "a".asServiceName

    private func running() -> Driver {
        var driver = Driver([service("a", replicas: 2)])
        driver.start()
        driver.spawnAll()
        return driver
    }

    @Test func itGoesToEveryReplicaOrToOne() {
        var driver = running()
        driver.command(.signal(a, replica: nil, .hangup))
        #expect(driver.deeds == ["signal #1 SIGHUP mainProcess", "signal #2 SIGHUP mainProcess"])
        driver.command(.signal(a, replica: 1, .hangup))
        #expect(driver.deeds == ["signal #2 SIGHUP mainProcess"])
        #expect(driver.last("signal_requested")?.reason.description == "was sent SIGHUP, as was asked for")
        #expect(driver.isReady("a/0") && driver.isReady("a/1"))
    }

    @Test func whatHasNoProcessIsSentNothing() {
        var driver = running()
        driver.command(.stop([]))
        driver.exited("a/0")
        driver.command(.signal(a, replica: nil, .kill))
        #expect(driver.deeds == ["signal #2 SIGKILL mainProcess"])
    }

    @Test func theExitIsTreatedAsAnyOther() {
        var driver = running()
        driver.command(.signal(a, replica: 0, .kill))
        driver.send(.exited(InstanceID(serial: 1), .signalled(.kill, coreDumped: false), leftovers: false))
        #expect(driver.replica("a/0")?.restarts == 1)
        #expect(driver.replica("a/0")?.restartCauses.map(\.cause) == [.signalled])
        let chain = driver.supervisor.explain(ReplicaID(service: a, index: 0)).map(\.reason.code)
        #expect(chain.contains("signal_requested"))
    }
}
