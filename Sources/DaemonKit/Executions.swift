import ControlProtocol
import ControlServer
import LinuxRuntime
import StackModel
import SupervisorCore

/// The commands that are run for clients, beside instances and as one-off instances. It belongs to the loop's thread.
final class Executions {
    /// How many there are at once.
    static let limit = 64
    /// How many bytes are kept that a command has not read yet.
    static let inputLimit = 1 << 20
    /// How many bytes wait for a client that takes none: from half of it on, the command waits.
    static let feedCapacity = 512 << 10
    /// How long a command has to end whose client has gone.
    static let hangUpGrace = Duration.seconds(5)

    private let queue: EventQueue
    private var all: [UInt64: Execution] = [:]
    private var lastID: UInt64 = 0
    /// Called from any thread, with the number of the execution, when its client has taken what there was or has gone.
    var onClientChange: @Sendable (UInt64) -> Void = { _ in }
    /// Who waits for the one-off instances to end.
    private var onEnd: (() -> Void)?

    init(queue: EventQueue) {
        self.queue = queue
    }

    /// The number of a new execution.
    /// - Throws: `too_many_executions`.
    func nextID() throws(ControlProblem) -> UInt64 {
        guard all.count < Self.limit else { throw .tooManyExecutions(limit: Self.limit) }
        lastID += 1
        return lastID
    }

    /// Takes note of an execution whose process runs. `words`: the command as people read it.
    func add(
        _ execution: Execution, _ words: String, pid: Int32, about subject: Subject, onOver: @escaping () -> Void
    ) {
        all[execution.id] = execution
        execution.onExit = { [queue] in queue.post(.observed(subject, .execution("\(words) (pid \(pid)) \($0)"))) }
        execution.onChange = { [unowned self, unowned execution] in
            if execution.isOver {
                all[execution.id] = nil
                onOver()
            }
            tellIfEnded()
        }
        queue.post(.observed(subject, .execution("\(words) is run for somebody, pid \(pid)")))
    }

    /// - Throws: `no_such_execution`.
    subscript(id: UInt64) -> Execution {
        get throws(ControlProblem) {
            guard let execution = all[id] else { throw .noSuchExecution(id) }
            return execution
        }
    }

    func clientChanged(_ id: UInt64) {
        all[id]?.clientChanged()
    }

    /// The main process of the instance has ended, and with it what was run beside it.
    func instanceEnded(_ instance: InstanceID) {
        for execution in inOrder {
            if case .beside(instance, _) = execution.place { execution.kill() }
        }
    }

    /// Ends the one-off instances, which nobody else does; then calls `completion`, which may be at once, in the place
    /// of one given before.
    func end(immediately: Bool, _ completion: @escaping () -> Void) {
        for execution in oneOffs { immediately ? execution.kill() : execution.end() }
        onEnd = completion
        tellIfEnded()
    }

    /// Nobody waits any longer for clients to take what there is for them.
    func finish() {
        for execution in inOrder { execution.closeOutput() }
        all = [:]
    }

    private func tellIfEnded() {
        guard onEnd != nil, oneOffs.allSatisfy(\.hasEnded) else { return }
        let action = onEnd
        onEnd = nil
        action?()
    }

    private var oneOffs: [Execution] {
        inOrder.filter { if case .alone = $0.place { true } else { false } }
    }

    private var inOrder: [Execution] { all.values.sorted { $0.id < $1.id } }
}
