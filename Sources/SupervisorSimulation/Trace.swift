import StackModel
import SupervisorCore

/// What happened in a world, one line a step, the latest steps only.
public struct Trace: Sendable {
    public private(set) var lines: [String] = []
    /// Nil is without limit.
    let limit: Int?

    public init(limit: Int? = nil) {
        self.limit = limit
    }

    mutating func append(_ event: String, _ effects: [Effect], at time: Instant) {
        let answer = effects.map(\.summary).joined(separator: "; ")
        append(event + (answer.isEmpty ? "" : "  ->  \(answer)"), at: time)
    }

    mutating func append(_ line: String, at time: Instant) {
        lines.append("\(time.sinceOrigin.text)  \(line)")
        // Dropped in bulk, so that a long world does not move its trace at every step.
        if let limit, lines.count > 2 * limit { lines.removeFirst(lines.count - limit) }
    }

    /// The latest lines, as many as the limit allows.
    public var latest: ArraySlice<String> {
        lines.suffix(limit ?? lines.count)
    }
}

extension Event {
    /// In a few words, for traces.
    var summary: String {
        switch self {
        case .command(let command): "command \(command.summary)"
        case .listenersOpened(let name): "listeners of \(name) are open"
        case .listenersFailed(let name, let failure): "listeners of \(name) failed: \(failure)"
        case .spawned(let id, let pid): "\(id) spawned as \(pid)"
        case .spawnFailed(let id, let failure, let isTransient):
            "\(id) not spawned\(isTransient ? " for now" : ""): \(failure)"
        case .exited(let id, let status, let leftovers): "\(id) \(status)\(leftovers ? ", leftovers" : "")"
        case .emptied(let id): "\(id) is empty"
        case .probeFinished(let id, let run, let outcome): "\(id) \(run.role) \(run.number): \(outcome)"
        case .preStopFinished(let id, let outcome): "\(id) hook: \(outcome)"
        case .notified(let id, let notification): "\(id) says \(notification)"
        case .leftRotation(let id): "\(id) has left the rotation"
        case .measured(let name, let run, let values): "measurement \(run) of \(name): \(values)"
        case .loadMeasured(let name, let run, let report): "load \(run) of \(name): \(report.summary)"
        case .connectionWaiting(let name): "a connection waits for \(name)"
        case .ranOutOfMemory(let id, _): "\(id) has run out of memory"
        case .observed(let subject, let observation): "\(subject): \(observation)"
        case .scheduleDue(let name): "a run of \(name) is due"
        case .timePassed: "time"
        }
    }
}

extension LoadReport {
    var summary: String {
        let readings = readings.map { reading in
            switch reading {
            case .instances(let samples): "\(samples.map { "\($0.instance) \($0.value)" })"
            case .service(let value): "\(value)"
            case .failed(let why): why
            }
        }
        return "\(readings.joined(separator: ", ")); \(connections.map { "\($0)" } ?? "unknown") connections"
    }
}

extension Command {
    fileprivate var summary: String {
        switch self {
        case .start(let names): "start \(names.map(\.text))"
        case .stop(let names, let grace): "stop \(names.map(\.text))\(Self.limit(grace))"
        case .restart(let names, let options):
            "restart \(names.map(\.text)) (\(options.motive))\(options.atOnce ? " at once" : "")"
                + Self.limit(options.grace)
        case .signal(let name, let replica, let signal):
            "signal \(signal) to \(name)\(replica.map { "/\($0)" } ?? "")"
        case .scale(let name, let number): "scale \(name) to \(number)"
        case .apply(let stack, let atOnce):
            "apply \(stack.services.map { "\($0.name) \($0.revision) \($0.number)" })\(atOnce ? " at once" : "")"
        case .rollout(let name, let action): "rollout of \(name): \(action)"
        case .shutdown(let immediately, let grace): "shutdown\(immediately ? " immediately" : "")\(Self.limit(grace))"
        }
    }

    private static func limit(_ grace: Duration?) -> String { grace.map { " within \($0.text)" } ?? "" }
}

extension Effect {
    /// In a few words, for traces.
    var summary: String {
        switch self {
        case .openListeners(let revisions):
            "open listeners of \(revisions.first?.spec.name.text ?? "nothing") \(revisions.map(\.words))"
        case .closeListeners(let name): "close listeners of \(name)"
        case .spawn(let id, let replica, let revision): "spawn \(id) of \(replica) \(revision.words)"
        case .adopt(let id, let revision): "\(id) adopts \(revision.words)"
        case .runPreStop(let id): "run hook of \(id)"
        case .signal(let id, let signal, let scope): "\(signal) to \(id) \(scope == .mainProcess ? "main" : "all")"
        case .kill(let id): "kill \(id)"
        case .startProbe(let id, let run): "start \(run.role) \(run.number) of \(id)"
        case .cancelProbe(let id, let run): "cancel \(run.role) \(run.number) of \(id)"
        case .enterRotation(let id): "\(id) enters the rotation"
        case .leaveRotation(let id): "\(id) leaves the rotation"
        case .measure(let measurement): "measure \(measurement.service) (\(measurement.run))"
        case .measureLoad(let request): "measure the load of \(request.service) (\(request.run))"
        case .awaitConnection(let name): "await a connection to \(name)"
        case .ignoreConnections(let name): "ignore connections to \(name)"
        case .keepRevisions(let name, let revisions): "keep of \(name) \(revisions.map(\.words))"
        case .release(let id): "release \(id)"
        case .record(let record): "record \(record.summary)"
        case .publish(let event):
            "[\(event.id)\(event.cause.map { "<\($0)" } ?? "") \(event.subject): \(event.reason)]"
        case .stackStopped: "stack stopped"
        }
    }
}

extension ServiceSpec {
    /// How many replicas it has.
    fileprivate var number: String {
        autoscale.map { "\(replicas) (\($0.minimum)...\($0.maximum) every \($0.interval.text))" } ?? "\(replicas)"
    }
}

extension ServiceRevision {
    fileprivate var words: String { "\(spec.revision)+\(epoch)" }
}

extension JournalRecord {
    fileprivate var summary: String {
        switch self {
        case .desired(let name, let state): "\(name) \(state)"
        case .scaled(let name, let scale):
            "\(name) scaled \(scale.map { "to \($0.replicas) (\($0.rule))" } ?? "by its file")"
        case .removed(let name): "\(name) removed"
        case .creating(let id, _, _): "creating \(id)"
        case .started(let id, _): "started \(id)"
        case .ended(let id): "ended \(id)"
        }
    }
}
