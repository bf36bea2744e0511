import StackModel
import SupervisorCore
import Testing

/// Changes that restart nothing.
@Suite struct SupervisorLiveTests {
    private let a = "a".asServiceName

    private func running(_ spec: ServiceSpec) -> Driver {
        var driver = Driver([spec])
        driver.start()
        driver.spawnAll()
        return driver
    }

    @Test func theRunningInstanceTakesThemOverUnderTheSameNumber() {
        var driver = running(service("a"))
        let patient = service("a", restart: RestartSpec(mode: .no), stop: StopSpec(signal: .interrupt))
        #expect(driver.plan([patient]) == ["a live"])
        driver.apply([patient])
        #expect(driver.deeds == ["adopt #1"])
        #expect(driver.service("a")?.history.map(\.number) == [1])
        driver.command(.stop([a]))
        #expect(driver.deeds == ["signal #1 SIGINT mainProcess"])
    }

    @Test func theRestartPolicyIsTheNewOne() {
        var driver = running(service("a"))
        driver.apply([service("a", restart: RestartSpec(mode: .no))])
        driver.exited("a/0", 1)
        #expect(driver.phase("a/0") == .failed)
    }

    @Test func aRunningProbeCountsByItsNewNumbers() {
        var probe = tcpProbe
        var driver = running(service("a", probes: ProbeSet(readiness: probe)))
        driver.answer("a/0", .readiness, .passed)
        probe.failureThreshold = 1
        probe.period = .seconds(2)
        driver.apply([service("a", probes: ProbeSet(readiness: probe))])
        #expect(driver.isReady("a/0"))
        #expect(driver.deeds == ["adopt #1"])
        driver.pass(.seconds(10))
        driver.answer("a/0", .readiness, .failed("x"))
        #expect(!driver.isReady("a/0"))
        driver.pass(.seconds(2))
        #expect(driver.deeds == ["probe #1 readiness 3"])
    }

    @Test func aProbeThatAsksSomethingElseBeginsAfreshAndTakesNoLateAnswer() {
        var driver = running(service("a", probes: ProbeSet(readiness: tcpProbe)))
        let late = driver.runs["#1 readiness"]
        var other = tcpProbe
        other.handler = .exec(command: ["check"])
        driver.apply([service("a", probes: ProbeSet(readiness: other))])
        #expect(driver.deeds == ["adopt #1", "cancel #1 readiness 1", "probe #1 readiness 2"])
        if let late { driver.send(.probeFinished(InstanceID(serial: 1), late, .passed)) }
        #expect(!driver.isReady("a/0"))
        driver.answer("a/0", .readiness, .passed)
        #expect(driver.isReady("a/0"))
    }

    @Test func probesComeAndGo() {
        var driver = running(service("a"))
        driver.apply([service("a", probes: ProbeSet(readiness: tcpProbe, liveness: tcpProbe))])
        #expect(driver.deeds == ["adopt #1", "probe #1 readiness 1", "probe #1 liveness 1"])
        // It is what it was until something else is seen.
        #expect(driver.isReady("a/0"))
        for _ in 0..<3 {
            driver.answer("a/0", .readiness, .failed("x"))
            driver.answer("a/0", .liveness, .passed)
            driver.pass(.seconds(10))
        }
        #expect(!driver.isReady("a/0"))
        driver.apply([service("a")])
        #expect(driver.isReady("a/0"))
        #expect(driver.supervisor.nextDeadline.map { $0 > driver.now.advanced(by: .seconds(30)) } == true)
    }

    @Test func aStartThatNeedsNoProofAnyMoreIsOver() {
        var driver = running(service("a", probes: ProbeSet(startup: tcpProbe), startTimeout: .seconds(60)))
        #expect(driver.phase("a/0") == .starting)
        driver.apply([service("a", startTimeout: .seconds(60))])
        #expect(driver.isReady("a/0"))
    }

    @Test func theLimitOfAStartIsTheNewOne() {
        var driver = running(service("a", probes: ProbeSet(startup: tcpProbe), startTimeout: .seconds(60)))
        driver.pass(.milliseconds(500))
        driver.answer("a/0", .startup, .failed("x"))
        driver.apply([service("a", probes: ProbeSet(startup: tcpProbe), startTimeout: .seconds(2))])
        driver.pass(.milliseconds(1_500))
        #expect(driver.phase("a/0") == .stopping)
    }

    @Test func changedSecretsAreToldOrReplaceOrDoNeither() {
        let spec = { (digest: String, action: SecretChangeAction) in
            var spec = service("a")
            spec.secrets = [SecretSpec(name: "token", path: "/token", digest: digest)]
            spec.onSecretChange = action
            return spec
        }
        var driver = running(spec("1", .signal(.hangup)))
        driver.apply([spec("2", .signal(.hangup))])
        #expect(driver.deeds == ["adopt #1", "signal #1 SIGHUP mainProcess"])
        #expect(driver.last("secrets_changed") != nil)
        driver.apply([spec("3", .nothing)])
        #expect(driver.deeds == ["adopt #1"])
        driver.apply([spec("4", .rollout)])
        #expect(driver.deeds == ["spawn a/0"])
    }

    @Test func inTheMiddleOfARolloutOnlyTheNewOnesTakeThemOver() {
        var driver = running(service("a", replicas: 2))
        driver.apply([service("a", replicas: 2, revision: "r2")])
        driver.spawned("#3")
        driver.apply([service("a", replicas: 2, stop: StopSpec(signal: .interrupt), revision: "r2")])
        #expect(driver.deeds == ["adopt #3"])
        #expect(driver.service("a")?.rollout?.number == 2)
        driver.exited("#2")
        driver.spawned("#4")
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        #expect(driver.service("a")?.history.count == 2)
    }

    @Test func whatItDoesNotNeedAnyMoreMayGo() {
        var driver = Driver([service("a", after: [("b", .started)]), service("b")])
        driver.start()
        driver.spawnAll()
        driver.apply([service("a")])
        #expect(driver.deeds == ["adopt #2", "signal #1 SIGTERM mainProcess"])
        driver.exited("b/0")
        #expect(driver.supervisor.snapshot().services.map(\.name.text) == ["a"])
    }

    @Test func aRollbackKeepsTheRelationsOfTheStackFile() {
        var driver = Driver([service("a"), service("b")])
        driver.start()
        driver.spawnAll()
        // b comes to depend on a; were a to depend on b again, neither could start.
        driver.apply([service("a", after: [("b", .started)]), service("b")])
        driver.apply([service("a", revision: "r2"), service("b", after: [("a", .started)])])
        driver.spawned("a/0")
        driver.exited("#1")
        driver.command(.rollout(a, .undo(to: nil)))
        #expect(driver.supervisor.spec(of: a)?.dependencies == [])
        driver.command(.stop([]))
        driver.command(.start([]))
        #expect(driver.supervisor.spec(of: a)?.revision == Revision("r1"))
    }
}

/// Whether routes give requests to an instance.
@Suite struct SupervisorRotationTests {
    private let a = "a".asServiceName
    private let route = RouteSpec(
        name: "http", listen: .tcp(host: "127.0.0.1", port: 80), port: "web", drain: .seconds(20))

    private func running(stop: StopSpec = StopSpec()) -> Driver {
        var driver = Driver([
            service("a", probes: ProbeSet(readiness: tcpProbe), stop: stop, routes: [route])
        ])
        driver.start()
        driver.spawned("a/0")
        return driver
    }

    private var first: InstanceID { InstanceID(serial: 1) }

    @Test func itIsInRotationWhileItIsReady() {
        var driver = running()
        #expect(driver.deeds == ["probe #1 readiness 1"])
        driver.answer("a/0", .readiness, .passed)
        #expect(driver.deeds == ["enter #1"])
        for _ in 0..<2 {
            driver.pass(.seconds(10))
            driver.answer("a/0", .readiness, .failed("x"))
            #expect(driver.deeds == [])
        }
        driver.pass(.seconds(10))
        driver.answer("a/0", .readiness, .failed("x"))
        #expect(driver.deeds == ["leave #1"])
        driver.send(.leftRotation(first))
        #expect(driver.deeds == [])
        driver.pass(.seconds(10))
        driver.answer("a/0", .readiness, .passed)
        #expect(driver.deeds == ["enter #1"])
        driver.notify("a/0", .stopping)
        #expect(driver.deeds == ["leave #1"])
    }

    @Test func itsSignalWaitsForItsRequests() {
        var driver = running()
        driver.answer("a/0", .readiness, .passed)
        driver.command(.stop([a]))
        #expect(driver.deeds == ["leave #1"])
        #expect(driver.phase("a/0") == .stopping)
        driver.send(.leftRotation(first))
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        // Only once.
        driver.send(.leftRotation(first))
        #expect(driver.deeds == [])
    }

    @Test func itDoesNotWaitForEver() {
        var driver = running(stop: StopSpec(drain: .seconds(5)))
        driver.answer("a/0", .readiness, .passed)
        driver.command(.stop([a]))
        driver.pass(.seconds(19))
        #expect(driver.deeds == [])
        driver.pass(.seconds(1))
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
    }

    @Test func aGraceBoundsItsDrainToo() {
        var driver = running()
        driver.answer("a/0", .readiness, .passed)
        driver.command(.stop([a], grace: .seconds(3)))
        #expect(driver.deeds == ["leave #1"])
        driver.pass(.seconds(3))
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        driver.pass(.seconds(3))
        #expect(driver.deeds == ["kill #1"])
    }

    @Test func itsHookComesBefore() {
        var driver = running(stop: StopSpec(preStop: ["hook"]))
        driver.answer("a/0", .readiness, .passed)
        driver.command(.stop([a]))
        #expect(driver.deeds.last == "preStop #1")
        driver.send(.preStopFinished(first, .succeeded))
        #expect(driver.deeds == ["leave #1"])
    }

    @Test func whatWasNeverInRotationIsNotTakenOutOfIt() {
        var driver = running()
        driver.command(.stop([a]))
        #expect(driver.deeds.last == "signal #1 SIGTERM mainProcess")
    }

    @Test func aRolloutTakesTheOldOneOutWhenTheNewOneIsIn() {
        var driver = running()
        driver.answer("a/0", .readiness, .passed)
        driver.command(.restart([a]))
        driver.spawned("#2")
        driver.answer("#2", .readiness, .passed)
        #expect(driver.deeds.filter { !$0.hasPrefix("cancel") } == ["enter #2", "leave #1"])
    }

    @Test func routesComeAndGoLive() {
        var driver = running()
        driver.answer("a/0", .readiness, .passed)
        driver.apply([service("a", probes: ProbeSet(readiness: tcpProbe))])
        #expect(driver.deeds == ["adopt #1", "leave #1"])
        driver.apply([service("a", probes: ProbeSet(readiness: tcpProbe), routes: [route])])
        #expect(driver.deeds == ["adopt #1", "enter #1"])
    }
}
