import ControlProtocol
import ControlServer
import LinuxRuntime
import StackModel
import SupervisorCore

/// The logs of all replicas, as the stack sees them: from its own words to those of the runtime, and back.
final class LogHub {
    /// How long the end of the stack may wait until the last lines are written.
    private static let patience = Duration.seconds(5)

    private let system: LogSystem
    private let queue: EventQueue

    init(loop: EventLoop, directory: String, stack: String, queue: EventQueue) throws(SystemError) {
        system = try LogSystem(loop: loop, directory: directory, stack: stack)
        self.queue = queue
        system.onTrouble = { [unowned self] owner, trouble in report(trouble, of: owner) }
    }

    /// The pipes of a new instance, whose spec says how its replica's output is kept from now on.
    func attach(_ replica: ReplicaID, _ spec: LogSpec) throws(SystemError) -> InstanceOutput {
        try system.attach(LogOwner(replica), LogPolicy(spec))
    }

    /// The pipes of what runs beside a replica's instances: it is kept as theirs is, or as the spec says where there
    /// never were any.
    func attach(beside replica: ReplicaID, _ spec: LogSpec) throws(SystemError) -> InstanceOutput {
        try system.attach(LogOwner(replica), LogPolicy(spec), isBeside: true)
    }

    /// Has what the replica's instances write be kept as the spec says from now on.
    func adopt(_ spec: LogSpec, of replica: ReplicaID) throws(SystemError) {
        try system.adopt(LogPolicy(spec), of: LogOwner(replica))
    }

    /// What has become of a replica's output since the daemon began.
    func counts(of replica: ReplicaID) -> LogCounts { system.counts(of: LogOwner(replica)) }

    /// Ends the streams of all who follow, and calls `body` when every line is written, or cannot be.
    func finish(then body: @escaping () -> Void) {
        system.finish(within: Self.patience, then: body)
    }

    private func report(_ trouble: LogTrouble, of owner: LogOwner) {
        guard let service = ServiceName(owner.service) else { return }
        let subject = Subject.replica(ReplicaID(service: service, index: owner.replica))
        switch trouble {
        case .dropping(let why):
            queue.post(.observed(subject, .outputDropping(why: why)))
        case .resumed(let lines, let bytes):
            queue.post(.observed(subject, .outputResumed(droppedLines: lines, droppedBytes: bytes)))
        case .notRotated(let error):
            queue.post(.observed(subject, .degraded("its log cannot be rotated and grows on: \(error)")))
        }
    }

    // MARK: Reading

    /// What a client asks for, of a stack of these services. Every line that comes once the source has begun is among
    /// those that follow.
    /// - Throws: `bad_request`.
    func source(_ query: LogQuery, of services: [ServiceName]) throws(ControlProblem) -> LogSource {
        let named = Set(query.services)
        var request = LogRequest(services: named.isEmpty ? Set(services.map(\.text)) : named, followed: named)
        request.follow = query.follow
        request.since = query.since.map { WallTime($0) }
        request.until = query.until.map { WallTime($0) }
        request.tail = query.tail
        for (replica, number) in query.after?.numbers ?? [:] {
            request.after[LogOwner(service: replica.service, replica: replica.index)] = number
        }
        do throws(ProbePatternError) {
            if let pattern = query.pattern { request.pattern = try LogPattern(pattern) }
        } catch {
            throw .badRequest(error.description)
        }
        return LogSource(system.read(request))
    }
}

extension LogOwner {
    init(_ replica: ReplicaID) {
        self.init(service: replica.service.text, replica: replica.index)
    }
}

extension LogPolicy {
    init(_ spec: LogSpec) {
        self.init(
            destination: Destination(spec.destination), maximumSize: Int(clamping: spec.maximumSize.bytes),
            maximumFiles: spec.maximumFiles, maximumAge: spec.maximumAge, compresses: spec.compresses)
    }
}

extension LogPolicy.Destination {
    fileprivate init(_ destination: LogSpec.Destination) {
        self =
            switch destination {
            case .files(.text): .files(.text)
            case .files(.json): .files(.json)
            case .journal: .journal
            case .nowhere: .nowhere
            }
    }
}

extension WallTime {
    fileprivate init(_ timestamp: Timestamp) {
        let (product, overflow) = timestamp.milliseconds.multipliedReportingOverflow(by: 1_000_000)
        self.init(nanoseconds: overflow ? (timestamp.milliseconds < 0 ? .min : .max) : product)
    }
}

extension Timestamp {
    init(_ time: WallTime) {
        self.init(milliseconds: time.nanoseconds / 1_000_000)
    }
}
