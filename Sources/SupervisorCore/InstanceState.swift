import StackModel

/// Where an instance stands, from the order to make its process until nothing of it is left.
///
/// | state     | spawned            | spawnFailed | proof complete | stop      | exited            | emptied | deadline      |
/// |-----------|--------------------|-------------|----------------|-----------|-------------------|---------|---------------|
/// | spawning  | starting, up       | ended       | –              | abandoned | –                 | –       | –             |
/// | abandoned | stopping           | ended       | –              | –         | –                 | –       | –             |
/// | starting  | –                  | –           | up             | stopping  | clearing or ended | –       | stopping      |
/// | up        | –                  | –           | –              | stopping  | clearing or ended | –       | stopping      |
/// | stopping  | –                  | –           | –              | –         | clearing or ended | –       | its next phase |
/// | clearing  | –                  | –           | –              | –         | –                 | ended   | kill          |
///
/// A dash is an event that cannot happen or has come too late; it is dropped.
enum InstanceState: Sendable {
    /// The runner was told to make the process.
    case spawning
    /// As spawning, but it shall end as soon as it is there.
    case abandoned(StopCause, immediately: Bool)
    /// The process runs; that it has started is not yet proven.
    case starting(RunningProcess)
    /// It has started; whether it is ready is its readiness probe's to say.
    case up(RunningProcess)
    /// It is being ended, and its main process still runs.
    case stopping(StoppingProcess)
    /// Its main process is gone, others of it still run and are being ended.
    case clearing(ExitedProcess)
    /// Nothing of it is left.
    case ended(InstanceEnd)
}

/// A process that nobody has asked to end.
struct RunningProcess: Sendable {
    let pid: Int32
    let spawnedAt: Instant
    var startup: ProbeMachine?
    var readiness: ProbeMachine?
    var liveness: ProbeMachine?
    /// The greatest number of a run of the probes that it has had and has no more.
    var formerRuns: UInt32 = 0
    /// READY=1 has arrived, or is not asked for.
    var isNotified: Bool
    var startupHasPassed: Bool
    var readinessHolds: Bool
    /// It was ready at some moment.
    var wasReady = false
    /// STOPPING=1 has arrived: it leaves of itself.
    var announcedStopping = false
    /// The kernel has killed something of it for want of memory.
    var ranOutOfMemory = false
}

/// A process on its way out.
struct StoppingProcess: Sendable {
    enum Phase: Sendable {
        /// Its `pre_stop` command runs. → draining, signalled, killed
        case preStop
        /// It is out of rotation and finishes what it has, for so long, or until its routes say that it has. → signalled,
        /// killed
        case draining
        /// It has its stop signal, and time. → killed
        case signalled
        /// It was killed; the kernel has the rest to do.
        case killed
    }

    let pid: Int32
    let spawnedAt: Instant
    let wasReady: Bool
    let cause: StopCause
    var phase: Phase

    init(_ process: RunningProcess, cause: StopCause, phase: Phase) {
        pid = process.pid
        spawnedAt = process.spawnedAt
        wasReady = process.wasReady
        self.cause = cause
        self.phase = phase
    }
}

/// An instance whose main process is gone.
struct ExitedProcess: Sendable {
    let end: InstanceEnd
    var isKilled: Bool
}

/// How an instance ended, as far as its replica must know.
struct InstanceEnd: Hashable, Sendable {
    enum Manner: Hashable, Sendable {
        case notSpawned(SpawnFailure, isTransient: Bool)
        case exited(ExitStatus)
    }

    var manner: Manner
    /// When its main process ended, or could not be made.
    var time: Instant
    /// Why it was being ended, where it was.
    var cause: StopCause?
    var wasReady: Bool
    /// Exit status 0 of a service that should stay up, before it had proven that it was.
    var isPremature: Bool
    /// The kernel has killed it for want of memory.
    var ranOutOfMemory = false

    /// It counts as a failure of the service.
    var isFailure: Bool {
        if let cause { return cause.isFailure }
        switch manner {
        case .notSpawned: return true
        case .exited(let status): return !status.isSuccess || isPremature
        }
    }
}
