import StackModel
import SupervisorCore
import Testing

/// A service that goes down to none, and comes back with the first connection.
@Suite struct SupervisorScaleToZeroTests {
    private let a = "a".asServiceName
    private let http = ListenerSpec(name: "http", address: .tcp(host: "127.0.0.1", port: 8000))

    private func spec(_ replicas: Int = 0, revision: String = "r1", policy: AutoscaleSpec = scaled(0)) -> ServiceSpec {
        service("a", replicas: replicas, notify: true, listeners: [http], revision: revision, autoscale: policy)
    }

    private func started(_ services: [ServiceSpec]) -> Driver {
        var driver = Driver(services)
        driver.start()
        return driver
    }

    /// One replica that is ready, and asked for its load.
    private func serving() -> Driver {
        var driver = started([spec()])
        driver.send(.connectionWaiting(a))
        driver.spawned("a/0")
        driver.notify("a/0", .ready)
        driver.pass(.seconds(5))
        return driver
    }

    @Test func itBeginsWithNoneAndAwaitsTheFirst() {
        var driver = started([spec()])
        #expect(driver.deeds == ["open a", "await a"])
        #expect(driver.supervisor.isReady)
        #expect(driver.service("a")?.isAsDesired == true)
        #expect(driver.service("a")?.scaling.awaitsConnection == true)
        driver.pass(.seconds(60))
        // What is of each replica says nothing where there is none.
        #expect(driver.loads == [])
        driver.send(.connectionWaiting(a))
        #expect(driver.deeds == ["spawn a/0"])
        #expect(driver.journal.contains(.scaled(a, Scale(1, by: .autoscaler))))
        #expect(
            driver.last("scaled")?.reason.description == "is scaled from 0 to 1 replica: somebody wants to connect")
        #expect(driver.service("a")?.scaling.awaitsConnection == false)
        driver.send(.connectionWaiting(a))
        #expect(driver.deeds == [])
    }

    @Test func itIsAwaitedOnlyOnceItsListenersAreBound() {
        var driver = Driver([spec()])
        driver.bindsListeners = false
        driver.start()
        #expect(driver.deeds == ["open a"])
        driver.send(.listenersOpened(a))
        #expect(driver.deeds == ["await a"])
    }

    @Test func idleItGoesAndIsAwaitedAgain() {
        var driver = serving()
        driver.load(["a/0": 0], connections: 0)
        driver.pass(.seconds(5))
        driver.load(["a/0": 0], connections: 0)
        #expect(driver.deeds == [])
        driver.pass(.seconds(5))
        driver.load(["a/0": 0], connections: 0)
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess", "await a"])
        #expect(driver.service("a")?.wantedReplicas == 0)
        #expect(driver.supervisor.isReady)
        #expect(driver.last("service_down") == nil)
        // Whoever comes now does not wait for the end of the one that goes.
        driver.send(.connectionWaiting(a))
        #expect(driver.deeds == ["spawn a/1"])
        driver.exited("a/0")
        #expect(driver.service("a")?.replicas.map(\.id.index) == [1])
    }

    @Test func whoIsConnectedKeepsIt() {
        var driver = serving()
        for _ in 0..<10 {
            driver.load(["a/0": 0], connections: 1)
            driver.pass(.seconds(5))
        }
        #expect(driver.service("a")?.wantedReplicas == 1)
        #expect(driver.service("a")?.scaling.decisions.first?.limits == [.notIdle(until: nil)])
    }

    @Test func whatIsOfTheServiceMayBringItBack() {
        let orders = LoadMetric(name: "orders", source: .command(["x"], timeout: .seconds(1)), target: .average(10000))
        var driver = started([spec(0, policy: scaled(0, 5, [orders]))])
        driver.pass(.seconds(5))
        #expect(driver.loads.map(\.instances) == [[]])
        driver.answerLoad { _ in LoadReport(readings: [.service(25000)]) }
        #expect(driver.deeds == ["ignore a", "spawn a/0", "spawn a/1", "spawn a/2"])
    }

    // MARK: Dependencies

    @Test func whoDependsOnItStartsAndStaysWhileItIsDown() {
        var driver = started([spec(), service("b", after: [("a", .healthy)])])
        #expect(driver.deeds == ["open a", "await a", "spawn b/0"])
        driver.spawned("b/0")
        driver.send(.connectionWaiting(a))
        driver.spawned("a/0")
        // A crash of its own, while the other comes up.
        driver.exited("b/0", 1)
        #expect(driver.replica("b/0")?.restartCauses.map(\.cause) == [.exited])
    }

    @Test func whatFailsToComeUpIsDown() {
        var driver = started([spec(), service("b", after: [("a", .started)])])
        driver.spawned("b/0")
        driver.send(.connectionWaiting(a))
        driver.spawned("a/0")
        driver.exited("a/0", 1)
        #expect(driver.phase("a/0") == .backoff)
        #expect(driver.last("service_down")?.subject.description == "a")
        driver.exited("b/0", 1)
        #expect(driver.replica("b/0")?.restartCauses.map(\.cause) == [.dependency])
    }

    @Test func whoScalesItUpByHandBreaksNothing() {
        var driver = started([spec(), service("b", after: [("a", .healthy)])])
        driver.spawned("b/0")
        driver.command(.scale(a, 2))
        #expect(driver.deeds == ["ignore a", "spawn a/0", "spawn a/1"])
        #expect(driver.last("service_down") == nil)
        driver.exited("b/0", 1)
        #expect(driver.replica("b/0")?.restartCauses.map(\.cause) == [.exited])
    }

    @Test func withoutAnAutoscalerNoneIsNoneAndHoldsNothing() {
        var driver = started([service("a", replicas: 0, listeners: [http]), service("b", after: [("a", .started)])])
        #expect(driver.deeds == ["open a"])
        driver.command(.scale(a, 1))
        #expect(driver.deeds == ["spawn a/0"])
    }

    // MARK: Up, down and changed

    @Test func aStoppedServiceAwaitsNobody() {
        var driver = started([spec()])
        driver.command(.stop([]))
        #expect(driver.deeds == ["ignore a"])
        driver.send(.connectionWaiting(a))
        #expect(driver.deeds == [])
        driver.command(.start([]))
        #expect(driver.deeds == ["await a"])
        driver.command(.shutdown(immediately: false))
        #expect(driver.deeds.first == "ignore a")
    }

    @Test func aRestartAtNoneIsNothingToWaitFor() {
        var driver = started([spec()])
        driver.command(.restart([]))
        #expect(driver.service("a")?.rollout == nil)
        driver.apply([spec(0, revision: "r2")])
        #expect(driver.service("a")?.rollout == nil)
        #expect(driver.last("rollout_failed") == nil)
        driver.send(.connectionWaiting(a))
        #expect(driver.deeds == ["spawn a/0"])
        #expect(driver.replica("a/0")?.revision.text == "r2")
    }

    @Test func aPolicyThatAllowsNoneNoMoreBringsOne() {
        var driver = started([spec()])
        driver.apply([spec(1, policy: scaled(1))])
        #expect(driver.deeds.contains("spawn a/0") && driver.deeds.contains("ignore a"))
        #expect(driver.last("service_down") == nil)
        driver.apply([spec(0, policy: scaled(0))])
        // It goes when nobody needs it, and not for a word in the file.
        #expect(driver.service("a")?.wantedReplicas == 1)
        #expect(driver.deeds == ["adopt #1"])
    }

    @Test func itsListenersStayOpenAllTheWhile() {
        var driver = serving()
        for _ in 0..<3 {
            driver.load(["a/0": 0], connections: 0)
            driver.pass(.seconds(5))
        }
        driver.exited("a/0")
        #expect(driver.effects.allSatisfy { if case .closeListeners = $0 { false } else { true } })
    }
}
