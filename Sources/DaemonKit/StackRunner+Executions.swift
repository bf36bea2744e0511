public import ControlProtocol
public import ControlServer
public import StackModel
import SupervisorCore

/// Commands that clients have run in the surroundings of a service.
extension StackRunner {
    public func execute(
        _ request: ExecutionRequest, of name: ServiceName, besideInstance: Bool
    ) throws(ControlProblem) -> Subscription<ExecutionRecord> {
        guard !isAskedToStop else { throw .shuttingDown }
        let service = try snapshot(of: name)
        try request.check()
        if let replica = request.replica { try check(replica, of: service) }
        if besideInstance {
            let replicas = request.replica.map { [$0] } ?? service.replicas.map(\.id.index)
            guard let instance = replicas.lazy.compactMap({ self.instance(of: service, $0) }).first else {
                throw .notRunning(request.replica.map { "\(name)/\($0)" } ?? name.text)
            }
            return try interpreter.execute(request, beside: instance)
        }
        guard let spec = supervisor.spec(of: name) else { throw .noSuchService(name.text) }
        return try interpreter.run(request, of: spec)
    }

    public func control(_ id: UInt64, _ action: ExecutionAction) async throws(ControlProblem) {
        // Input that the command has no room for waits with its client, who has to come back with it otherwise.
        while try !interpreter.executions[id].control(action) {
            let execution = try interpreter.executions[id]
            let problem: ControlProblem? = await withCheckedContinuation { continuation in
                do throws(ControlProblem) {
                    try execution.whenRoom { continuation.resume(returning: nil) }
                } catch {
                    continuation.resume(returning: error)
                }
            }
            if let problem { throw problem }
        }
    }

    /// Where the replica is being replaced, the instance that serves.
    private func instance(of service: ServiceSnapshot, _ replica: Int) -> LiveInstance? {
        interpreter.runningInstance(
            of: ReplicaID(service: service.name, index: replica),
            ready: service.replicas.filter(\.isReady).compactMap(\.instance))
    }

    /// Ends what was run for clients before anything of the stack, which it may need: only then goes on with `next`.
    func endExecutions(immediately: Bool, then next: @escaping () -> Void) {
        interpreter.executions.end(immediately: immediately, immediately ? {} : next)
        if immediately { next() }
    }

    /// Has executions told when their clients, who live on other threads, have taken something or are gone.
    func connectExecutions() {
        interpreter.executions.onClientChange = { [weak self] id in
            Task { await self?.clientChanged(id) }
        }
    }

    private func clientChanged(_ id: UInt64) {
        interpreter.executions.clientChanged(id)
    }
}
