import StackModel
import SupervisorCore
import Testing

/// The order of stops while instances of several stack files are there.
@Suite struct SupervisorEdgesTests {
    /// `w` crashes while it waits to be stopped and is back by its new spec, before `y` is gone that is to be stopped
    /// before it: so that w needs x, x needs z, z needs y, and what is left of y needs w.
    @Test func instancesOfDifferentFilesThatDependOnEachOtherInACircleStop() {
        var driver = Driver([
            service("v", after: [("y", .started)]), service("w"), service("y", after: [("w", .started)]),
            service("z", after: [("y", .started)]),
        ])
        driver.start()
        driver.spawnAll()
        driver.apply(
            [
                service("w", after: [("x", .started)], revision: "r2"), service("x", after: [("z", .started)]),
                service("y", revision: "r2"), service("z", after: [("y", .started)]),
            ], atOnce: true)
        // x starts, as z runs; y waits for v.
        #expect(driver.phase("v/0") == .stopping)
        #expect(driver.phase("y/0") == .running)
        driver.spawnAll()
        driver.exited("w/0", 1)
        driver.spawnAll()
        #expect(driver.phase("w/0") == .running && driver.phase("x/0") == .running)
        driver.command(.shutdown(immediately: false))
        #expect(driver.deeds.count { $0.hasPrefix("signal") } == 3)
        // v is in no circle: y waits for it.
        driver.exited("v/0")
        #expect(driver.deeds.count { $0.hasPrefix("signal") } == 1)
        for replica in ["x/0", "w/0", "y/0", "z/0"] { driver.exited(replica) }
        #expect(driver.deeds.last == "stackStopped")
    }

    /// `db` runs no replica when it goes from the file, but `api`, which was made to depend on it, still stops.
    @Test func whatIsBackStopsAfterWhatWasMadeToDependOnItBefore() {
        var driver = Driver([service("api", after: [("db", .started)]), service("db")])
        driver.start()
        driver.spawnAll()
        driver.command(.scale("db".asServiceName, 0))
        driver.exited("db/0")
        driver.apply([service("api", revision: "r2")], atOnce: true)
        #expect(driver.service("db")?.replicas.isEmpty == true)
        driver.apply([service("api", after: [("db", .started)], revision: "r3"), service("db")])
        #expect(driver.deeds == ["spawn db/0"])
        driver.spawned("db/0")
        driver.apply(
            [service("api", after: [("db", .started)], revision: "r4"), service("db", revision: "r2")], atOnce: true)
        #expect(driver.deeds == [])
        driver.exited("api/0")
        #expect(driver.deeds == ["release #2", "signal #3 SIGTERM mainProcess"])
        driver.exited("db/0")
        driver.spawnAll()
        driver.apply([])
        driver.exited("api/0")
        driver.exited("db/0")
        #expect(driver.supervisor.snapshot().services.isEmpty)
    }

    @Test func aStopGoesOnWaitingForAFormerDependentOverASecondApply() {
        var driver = Driver([service("api", after: [("db", .healthy)]), service("db")])
        driver.start()
        driver.spawnAll()
        driver.apply([service("api", revision: "r2"), service("db")], atOnce: true)
        driver.apply([service("api", revision: "r3")])
        #expect(driver.deeds == [])
        #expect(driver.replica("db/0")?.reason == "is stopped after api, which depends on it")
        driver.exited("api/0")
        #expect(driver.deeds == ["release #2", "signal #1 SIGTERM mainProcess", "spawn api/0"])
    }
}
