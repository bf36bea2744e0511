import Glibc
import Synchronization
import Testing

@testable import LinuxRuntime

@Suite struct EventLoopTests {
    @Test func reportsReadableAgainAsLongAsThereIsSomething() throws {
        let loop = try EventLoop()
        let pipe = try Pipe()
        var calls = 0
        let registration = try loop.register(pipe.reader.number, for: .readable) { readiness in
            #expect(readiness.contains(.readable))
            calls += 1
        }
        #expect(write(pipe.writer.number, "x", 1) == 1)
        try loop.turn(waiting: true)
        try loop.turn(waiting: true)
        #expect(calls == 2)
        loop.deregister(registration)
        try loop.turn(waiting: false)
        #expect(calls == 2)
    }

    @Test func dropsAnEventOfARegistrationThatEndedInTheSameTurn() throws {
        let loop = try EventLoop()
        let first = try Pipe()
        let second = try Pipe()
        var registrations: [EventLoop.Registration] = []
        var calls: [String] = []
        let replacement = try Pipe()
        for number in [first.reader.number, second.reader.number] {
            registrations.append(
                try loop.register(number, for: .readable) { _ in
                    calls.append("old")
                    // Both are ready and fetched; whichever comes first ends both and fills a slot again.
                    for registration in registrations { loop.deregister(registration) }
                    _ = try? loop.register(replacement.reader.number, for: .readable) { _ in calls.append("new") }
                })
        }
        for descriptor in [first.writer.number, second.writer.number] { _ = write(descriptor, "x", 1) }
        try loop.turn(waiting: true)
        try loop.turn(waiting: false)
        #expect(calls == ["old"])
    }

    @Test func modifyChangesWhatIsWaitedFor() throws {
        let loop = try EventLoop()
        let pipe = try Pipe()
        var calls = 0
        let registration = try loop.register(pipe.writer.number, for: .writable) { _ in calls += 1 }
        try loop.turn(waiting: true)
        try loop.modify(registration, interest: [])
        try loop.turn(waiting: false)
        #expect(calls == 1)
    }

    @Test func refusesADescriptorThatCannotBeWaitedFor() throws {
        let loop = try EventLoop()
        let error = #expect(throws: SystemError.self) { try loop.register(-1, for: .readable) { _ in } }
        #expect(error?.description == "epoll_ctl add: Bad file descriptor")
    }

    @Test func timersFireInOrderAndCanBeTakenBack() throws {
        let loop = try EventLoop()
        var fired: [Int] = []
        loop.schedule(after: .milliseconds(4)) { fired.append(3) }
        let taken = loop.schedule(after: .milliseconds(2)) { fired.append(2) }
        loop.schedule(after: .milliseconds(1)) {
            fired.append(1)
            loop.cancel(taken)
        }
        try loop.run(until: "the last timer") { fired.last == 3 }
        #expect(fired == [1, 3])
        loop.cancel(taken)
    }

    @Test func aTimerThatSetsATimerDoesNotHoldTheTurn() throws {
        let loop = try EventLoop()
        var count = 0
        func again() {
            count += 1
            loop.schedule(after: .zero) { again() }
        }
        again()
        for _ in 0..<5 { try loop.turn(waiting: true) }
        #expect(count == 6)
    }

    @Test func callsTheDeadlineOnceAndNeverEarly() throws {
        let loop = try EventLoop()
        var calls: [MonotonicTime] = []
        loop.onDeadline = { calls.append(.now) }
        let moment = MonotonicTime.now + .milliseconds(3)
        loop.setDeadline(moment)
        try loop.run(until: "the deadline") { !calls.isEmpty }
        try loop.turn(waiting: false)
        #expect(calls.count == 1)
        #expect(calls[0] >= moment)
    }

    @Test func hookRunsAtTheEndOfEachTurn() throws {
        let loop = try EventLoop()
        var order: [String] = []
        loop.onTurnEnd = { order.append("end") }
        loop.schedule(after: .zero) { order.append("timer") }
        try loop.turn(waiting: true)
        #expect(order == ["timer", "end"])
    }

    /// Once the loop waited between the two, and a command stayed undone until something else happened.
    @Test func theHookFollowsTheJobsOfItsTurnWithoutWaiting() throws {
        let loop = try EventLoop()
        let counter = Counter(loop: loop)
        let jobs = Total()
        var seenByHook = 0
        loop.onTurnEnd = { seenByHook = jobs.value.withLock { $0 } }
        Task { await counter.count(in: jobs) }
        for _ in 0..<1000 where jobs.value.withLock({ $0 }) == 0 { try loop.turn(waiting: true) }
        #expect(jobs.value.withLock { $0 } == 1)
        #expect(seenByHook == 1)
    }

    /// An actor that lives on the loop, and others that call it from the concurrency pool.
    actor Counter {
        nonisolated let loop: EventLoop
        private var value = 0

        init(loop: EventLoop) { self.loop = loop }

        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

        func count(in total: Total) {
            total.value.withLock { $0 += 1 }
        }

        func add() -> Int {
            loop.checkIsolated()
            value += 1
            return value
        }
    }

    final class Total: Sendable {
        let value = Mutex(0)
    }

    @Test func isAnExecutorForActors() async throws {
        let total = Total()
        try await withLoopOnItsOwnThread { loop in
            let counter = Counter(loop: loop)
            await withTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<250 {
                            let value = await counter.add()
                            total.value.withLock { $0 = max($0, value) }
                        }
                    }
                }
            }
        }
        #expect(total.value.withLock { $0 } == 2000)
    }

    @Test func anActorOnTheLoopRunsOnItsThreadOnly() async throws {
        try await withLoopOnItsOwnThread { loop in
            #expect(!loop.isOnLoop)
            let counter = Counter(loop: loop)
            #expect(await counter.add() == 1)
        }
    }

    /// Runs a loop on a thread that nothing else needs (one of the concurrency pool's would be missing there), and
    /// stops it from this one.
    private func withLoopOnItsOwnThread(_ body: (EventLoop) async throws -> Void) async throws {
        let made = AsyncStream.makeStream(of: EventLoop.self)
        let ended = AsyncStream.makeStream(of: Void.self)
        onThread {
            do {
                let loop = try EventLoop()
                made.continuation.yield(loop)
                try loop.run()
            } catch {
                Issue.record(error)
            }
            made.continuation.finish()
            ended.continuation.finish()
        }
        for await loop in made.stream {
            try await body(loop)
            loop.stop()
        }
        for await _ in ended.stream {}
    }
}
