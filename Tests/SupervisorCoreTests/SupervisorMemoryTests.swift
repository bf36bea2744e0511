import StackModel
import SupervisorCore
import Testing

/// What the kernel kills for want of memory.
@Suite struct SupervisorMemoryTests {
    private let first = InstanceID(serial: 1)
    private let shortage = OutOfMemory(peak: ByteCount(63 << 20), limit: ByteCount(64 << 20))
    private let killed = ExitStatus.signalled(.kill, coreDumped: false)

    private func running() -> Driver {
        var driver = Driver([service("a", restart: RestartSpec(mode: .always))])
        driver.start()
        driver.spawnAll()
        return driver
    }

    @Test func theExitSaysSoAndCountsAsACrash() {
        var driver = running()
        driver.send(.ranOutOfMemory(first, shortage))
        driver.send(.exited(first, killed, leftovers: false))
        let replica = driver.replica("a/0")
        #expect(replica?.restarts == 1)
        #expect(replica?.restartCauses.map(\.cause) == [.outOfMemory])
        let event = driver.last("out_of_memory")
        #expect(
            event?.reason.description == """
                was killed by the kernel: it wanted more memory than its limit of 64MiB; the most that it had was 63MiB
                """)
        #expect(event?.subject.description == "a/0 #1")
        let chain = driver.supervisor.explain(ReplicaID(service: "a".asServiceName, index: 0)).map(\.reason.code)
        #expect(chain.contains("out_of_memory"))
    }

    @Test func theReasonOfTheDelayNamesIt() {
        var driver = running()
        driver.exited("a/0", 1)
        driver.spawned("a/0")
        driver.send(.ranOutOfMemory(InstanceID(serial: 2), OutOfMemory()))
        driver.send(.exited(InstanceID(serial: 2), killed, leftovers: false))
        #expect(driver.phase("a/0") == .backoff)
        #expect(
            driver.replica("a/0")?.reason.hasPrefix("was killed by the kernel: the host had no more memory; is ")
                == true)
    }

    @Test func whatIsBeingEndedAnywayIsNoNews() {
        var driver = running()
        driver.command(.restart([], RestartOptions(atOnce: true)))
        driver.send(.ranOutOfMemory(first, shortage))
        driver.send(.exited(first, killed, leftovers: false))
        #expect(driver.last("out_of_memory") == nil)
        #expect(driver.replica("a/0")?.restarts == 0)
    }

    /// Only a part of it was killed, and it has ended by itself later.
    @Test func anExitOfItsOwnIsItsOwn() {
        var driver = running()
        driver.send(.ranOutOfMemory(first, shortage))
        driver.exited("a/0", 3)
        #expect(driver.replica("a/0")?.restartCauses.map(\.cause) == [.exited])
    }

    @Test func whatIsGoneOrNotThereYetIsNotKilled() {
        var driver = Driver([service("a")])
        driver.start()
        driver.send(.ranOutOfMemory(first, shortage))
        driver.send(.ranOutOfMemory(InstanceID(serial: 99), shortage))
        #expect(driver.last("out_of_memory") == nil)
    }
}
