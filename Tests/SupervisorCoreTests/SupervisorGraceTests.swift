import StackModel
import SupervisorCore
import Testing

/// Ends that somebody has given so much time, in place of the spec.
@Suite struct SupervisorGraceTests {
    private let a = "a".asServiceName

    private func running(_ stop: StopSpec = StopSpec(gracePeriod: .seconds(30))) -> Driver {
        var driver = Driver([service("a", stop: stop)])
        driver.start()
        driver.spawned("a/0")
        return driver
    }

    @Test func itTakesThePlaceOfTheSpecs() {
        for (grace, duration) in [(Duration.seconds(3), 3), (.seconds(90), 90), (nil, 30)] {
            var driver = running()
            driver.command(.stop([a], grace: grace))
            driver.pass(.seconds(duration - 1))
            #expect(driver.deeds == [])
            driver.pass(.seconds(1))
            #expect(driver.deeds == ["kill #1"])
            #expect(
                driver.last("killed")?.reason
                    == .killed(afterGrace: .seconds(duration)))
        }
    }

    @Test func itBoundsTheHookAndTheDrain() {
        var driver = running(StopSpec(preStop: ["hook"], drain: .seconds(60), gracePeriod: .seconds(30)))
        driver.command(.stop([a], grace: .seconds(2)))
        driver.pass(.seconds(2))
        #expect(driver.last("pre_stop_failed") != nil)
        #expect(driver.last("draining")?.reason == .draining(.seconds(2)))
        driver.pass(.seconds(2))
        #expect(driver.deeds == ["signal #1 SIGTERM mainProcess"])
        driver.pass(.seconds(2))
        #expect(driver.deeds == ["kill #1"])
    }

    @Test func whoAsksAgainCanOnlyMakeItSooner() {
        var driver = running()
        driver.command(.stop([a], grace: .seconds(10)))
        driver.command(.stop([a], grace: .seconds(20)))
        driver.pass(.seconds(5))
        driver.command(.shutdown(immediately: false, grace: .seconds(1)))
        driver.pass(.seconds(1))
        #expect(driver.deeds == ["kill #1"])
    }

    @Test func noTimeAtAllIsAKillRightAfterTheSignal() {
        var driver = running()
        driver.command(.stop([a], grace: .zero))
        driver.pass(.zero)
        #expect(driver.deeds == ["kill #1"])
    }

    @Test func theNextInstanceHasItsOwnAgain() {
        var driver = running()
        driver.command(.restart([a], RestartOptions(grace: .seconds(1), atOnce: true)))
        driver.exited("a/0")
        driver.spawned("a/0")
        driver.command(.stop([a]))
        driver.pass(.seconds(29))
        #expect(driver.deeds == [])
    }
}
