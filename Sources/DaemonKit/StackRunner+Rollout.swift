import ControlProtocol
import StackModel
import SupervisorCore

/// Having a say in how services are replaced.
extension StackRunner {
    /// Whether the command means anything is the core's to say: it tells nothing of one that it drops.
    func rollout(_ name: ServiceName, _ command: RolloutCommand) throws(ControlProblem) -> AcceptedDocument {
        try check([name])
        // What was asked for before counts.
        takeQueue()
        let service = try snapshot(of: name)
        if case .undo(let number?) = command { try checkIsKept(number, of: service) }
        let accepted = try accept(.rollout(name, RolloutAction(command)), for: [name])
        takeQueue()
        guard history.newest > accepted.event else { throw service.refusal(of: command) }
        return accepted
    }

    private func checkIsKept(_ number: Int, of service: ServiceSnapshot) throws(ControlProblem) {
        guard let file = service.history.dropFirst().first(where: { $0.number == number })?.executable,
            !interpreter.executables.has(file)
        else { return }
        throw .noSuchRevision("there is no copy of \(file.path) as number \(number) of \(service.name) had it")
    }
}
