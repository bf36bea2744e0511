import CLinux
import Glibc
import Synchronization

/// What a descriptor is ready for.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// There is something to read, or the end of it.
    public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    /// Something can be written.
    public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// A file of the kernel's changed: how cgroup.events and pressure files speak.
    public static let priority = Readiness(rawValue: EPOLLPRI.rawValue)
    /// The other side closed; always reported, never asked for.
    public static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue)
    /// The descriptor is in error; always reported, never asked for.
    public static let error = Readiness(rawValue: EPOLLERR.rawValue)
}

/// One thread's epoll loop, which is also an executor: actors can live on it.
///
/// The loop belongs to the thread that made it. Only `enqueue` and `stop` may be called from others; everything else,
/// handlers included, happens on the loop's thread, one at a time. A turn is: the timers that are due, at most 256
/// ready descriptors, the jobs that are queued, then the hook at its end. So no source starves another as
/// long as a handler does a bounded piece of work; a descriptor that is still ready is reported again.
public final class EventLoop: SerialExecutor, @unchecked Sendable {
    // @unchecked: `remote`, `wakePending` and `stopping` are synchronised, all else is touched by the owner thread
    // only.

    /// Names one registration. A descriptor's number is reused at once after close, a registration never is, so an
    /// event that was fetched for the old one cannot reach the new one's handler.
    public struct Registration: Hashable, Sendable {
        fileprivate let index: UInt32
        fileprivate let generation: UInt32

        fileprivate var word: UInt64 { UInt64(generation) << 32 | UInt64(index) }
    }

    /// Names one timer of the loop.
    public struct Timer: Hashable, Sendable {
        fileprivate let key: TimerHeap<() -> Void>.Key
    }

    private struct Slot {
        var generation: UInt32 = 0
        var descriptor: Int32 = -1
        var handler: ((Readiness) -> Void)?
    }

    private static let eventCapacity = 256
    /// The word of the loop's own wake-up descriptor, which no registration has.
    private static let wakeWord = UInt64.max

    /// Called once at the end of each turn: the place to carry out what the turn's events decided.
    public var onTurnEnd: (() -> Void)?
    /// Called when the moment given to `setDeadline` has come; the deadline is then unset.
    public var onDeadline: (() -> Void)?

    /// Called last in each turn, with how long the thread has been busy in it.
    public var onTurnMeasured: ((Duration) -> Void)?

    private let owner: pthread_t
    private let epoll: Descriptor
    private let wakeUp: Descriptor
    private let events: UnsafeMutablePointer<epoll_event>

    private let remote = Mutex<[UnownedJob]>([])
    private let wakePending = Atomic<Bool>(false)
    private let stopping = Atomic<Bool>(false)

    private var local: [UnownedJob] = []
    private var batch: [UnownedJob] = []
    private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    private var timers = TimerHeap<() -> Void>()
    private var deadline: MonotonicTime?

    /// Makes a loop that belongs to the calling thread.
    public init() throws(SystemError) {
        owner = pthread_self()
        epoll = Descriptor(owning: try check(clinux_epoll_create(), "epoll_create"))
        wakeUp = Descriptor(owning: try check(clinux_eventfd(), "eventfd"))
        let interest = EPOLLIN.rawValue
        try check(
            clinux_epoll_control(epoll.number, EPOLL_CTL_ADD, wakeUp.number, interest, EventLoop.wakeWord), "epoll_ctl")
        events = .allocate(capacity: EventLoop.eventCapacity)
        events.initialize(repeating: epoll_event(), count: EventLoop.eventCapacity)
    }

    deinit {
        events.deinitialize(count: EventLoop.eventCapacity).deallocate()
    }

    /// Whether the caller is on the loop's thread.
    public var isOnLoop: Bool { pthread_equal(owner, pthread_self()) != 0 }

    // MARK: Descriptors

    /// Calls `handler` in each turn in which the descriptor is ready for one of `interest`, or hung up or in error.
    public func register(
        _ descriptor: Int32, for interest: Readiness, handler: @escaping (Readiness) -> Void
    ) throws(SystemError) -> Registration {
        assert(isOnLoop)
        let index = freeSlots.popLast() ?? UInt32(slots.count)
        if index == slots.count { slots.append(Slot()) }
        let registration = Registration(index: index, generation: slots[Int(index)].generation)
        let status = clinux_epoll_control(
            epoll.number, EPOLL_CTL_ADD, descriptor, interest.rawValue, registration.word)
        guard status >= 0 else {
            freeSlots.append(index)
            throw SystemError(errno: -status, operation: "epoll_ctl add")
        }
        slots[Int(index)].descriptor = descriptor
        slots[Int(index)].handler = handler
        return registration
    }

    /// Changes what a registration waits for; without effect on one that has ended.
    public func modify(_ registration: Registration, interest: Readiness) throws(SystemError) {
        guard isCurrent(registration) else { return }
        let descriptor = slots[Int(registration.index)].descriptor
        try check(
            clinux_epoll_control(epoll.number, EPOLL_CTL_MOD, descriptor, interest.rawValue, registration.word),
            "epoll_ctl mod")
    }

    /// Ends a registration, before its descriptor is closed; its handler is not called again, and it may be ended
    /// twice.
    public func deregister(_ registration: Registration) {
        guard isCurrent(registration) else { return }
        let index = Int(registration.index)
        // Fails only for a descriptor that was closed too early, which epoll has then forgotten by itself.
        _ = clinux_epoll_control(epoll.number, EPOLL_CTL_DEL, slots[index].descriptor, 0, 0)
        slots[index].generation &+= 1
        slots[index].descriptor = -1
        slots[index].handler = nil
        freeSlots.append(registration.index)
    }

    private func isCurrent(_ registration: Registration) -> Bool {
        assert(isOnLoop)
        let slot = slots[Int(registration.index)]
        return slot.generation == registration.generation && slot.handler != nil
    }

    // MARK: Time

    /// Calls `action` once, when `delay` has passed, never before the next turn.
    @discardableResult
    public func schedule(after delay: Duration, _ action: @escaping () -> Void) -> Timer {
        assert(isOnLoop)
        return Timer(key: timers.insert(action, at: .now + delay))
    }

    /// Takes a timer back; without effect on one that has fired.
    public func cancel(_ timer: Timer) {
        assert(isOnLoop)
        timers.remove(timer.key)
    }

    /// Sets the one moment at which `onDeadline` is called, for a caller with a timer queue of its own; nil: never.
    public func setDeadline(_ moment: MonotonicTime?) {
        assert(isOnLoop)
        deadline = moment
    }

    // MARK: Running

    /// Runs turns until `stop`.
    public func run() throws(SystemError) {
        precondition(isOnLoop, "an event loop runs on the thread that made it")
        while !stopping.exchange(false, ordering: .acquiring) {
            try turn(waiting: true)
        }
    }

    /// Makes `run` return at the end of the turn; callable from any thread.
    public func stop() {
        stopping.store(true, ordering: .releasing)
        wake()
    }

    /// Runs one turn, for callers that drive the loop by hand; if `waiting`, until there is something to do.
    public func turn(waiting: Bool) throws(SystemError) {
        let count = try wait(mayBlock: waiting)
        let begin = onTurnMeasured == nil ? nil : MonotonicTime.now
        runTimers()
        for position in 0..<count { dispatch(events[position]) }
        // Last, so that nothing waits between what they decide and the hook that carries it out; and after the wake-up
        // was acknowledged, so that a job which comes in between is run or wakes the next turn.
        runJobs()
        onTurnEnd?()
        if let begin { onTurnMeasured?(begin.duration(to: .now)) }
    }

    private func wait(mayBlock: Bool) throws(SystemError) -> Int {
        var timeout: Int64 = -1
        if !mayBlock || !local.isEmpty || stopping.load(ordering: .acquiring) {
            timeout = 0
        } else if let next = nextMoment {
            timeout = max(0, next.nanoseconds - MonotonicTime.now.nanoseconds)
        }
        let count = clinux_epoll_wait(epoll.number, events, Int32(EventLoop.eventCapacity), timeout)
        return Int(try check(count, "epoll_wait"))
    }

    private var nextMoment: MonotonicTime? {
        guard let timer = timers.earliest else { return deadline }
        guard let deadline else { return timer }
        return min(timer, deadline)
    }

    private func runTimers() {
        guard timers.earliest != nil || deadline != nil else { return }
        let now = MonotonicTime.now
        // A timer that a timer sets is later than `now`, or belongs to the next turn.
        var remaining = timers.count
        while remaining > 0, let action = timers.popDue(at: now) {
            remaining -= 1
            action()
        }
        if let deadline, deadline <= now {
            self.deadline = nil
            onDeadline?()
        }
    }

    private func dispatch(_ event: epoll_event) {
        var event = event
        let word = clinux_epoll_data(&event)
        if word == EventLoop.wakeWord {
            acknowledgeWakeUp()
            return
        }
        let slot = slots[Int(UInt32(truncatingIfNeeded: word))]
        // An earlier handler of this turn may have ended this registration, and another may have its place.
        guard slot.generation == UInt32(word >> 32), let handler = slot.handler else { return }
        handler(Readiness(rawValue: event.events))
    }
}

// MARK: - Executor

extension EventLoop {
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isOnLoop {
            local.append(job)
        } else {
            remote.withLock { $0.append(job) }
            wake()
        }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    public func checkIsolated() {
        precondition(isOnLoop, "not on the event loop's thread")
    }

    public func isIsolatingCurrentContext() -> Bool? { isOnLoop }

    /// Runs the jobs that are queued now; those that they queue belong to the next turn.
    private func runJobs() {
        remote.withLock { jobs in
            local.append(contentsOf: jobs)
            jobs.removeAll(keepingCapacity: true)
        }
        guard !local.isEmpty else { return }
        swap(&local, &batch)
        let executor = asUnownedSerialExecutor()
        for job in batch { job.runSynchronously(on: executor) }
        batch.removeAll(keepingCapacity: true)
    }

    private func wake() {
        // One wake-up stands for all until the loop has seen it.
        guard !wakePending.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var one: UInt64 = 1
        // Cannot fail: the counter is far from full, the descriptor lives as long as the loop.
        _ = Glibc.write(wakeUp.number, &one, MemoryLayout.size(ofValue: one))
    }

    private func acknowledgeWakeUp() {
        var count: UInt64 = 0
        _ = Glibc.read(wakeUp.number, &count, MemoryLayout.size(ofValue: count))
        // After the read: a job enqueued from here on writes again, one enqueued before is found by the next turn.
        wakePending.store(false, ordering: .sequentiallyConsistent)
    }
}
