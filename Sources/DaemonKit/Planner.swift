import ControlProtocol
import StackFile
import StackModel
import SupervisorCore

/// Puts into words and numbers what the core would do with other stack files.
struct Planner {
    /// What counts of a service now; nil where there is none.
    var before: (ServiceName) -> ServiceSpec?
    var after: StackSpec
    /// Of the services whose instances are replaced.
    var usage: [UsageDocument]
    var dependents: (ServiceName) -> [ServiceName]

    func document(
        _ changes: [ServiceChange], control: [ResolvedFile.Difference], conflicts: [String], warnings: [String],
        event: UInt64
    ) -> PlanDocument {
        let services = changes.map(change)
        let control = control.map { PlanDocument.Difference($0) }
        return PlanDocument(
            plan: fingerprint(of: services, control), changes: services, control: control, conflicts: conflicts,
            warnings: warnings, event: event)
    }

    private func change(_ change: ServiceChange) -> PlanDocument.Change {
        let restarted = change.isReplacement ? restartedDependents(of: change.service) : []
        return PlanDocument.Change(
            service: change.service.text, kind: PlanDocument.Change.Kind(change.kind),
            differences: differences(of: change.service),
            dependents: change.interruptsService ? dependents(change.service).map(\.text) : [],
            restarted: restarted.map(\.text), memory: change.kind == .rolling ? memory(of: change.service) : nil)
    }

    private func differences(of service: ServiceName) -> [PlanDocument.Difference] {
        guard let before = before(service), let after = after[service] else { return [] }
        return ResolvedFile.differences(from: before, to: after).map { PlanDocument.Difference($0) }
    }

    // MARK: What it means for others, and for the host

    /// Those that are restarted after it was replaced, and after these, in the order of their names.
    private func restartedDependents(of service: ServiceName) -> [ServiceName] {
        var reached: Set<ServiceName> = []
        var open = [service]
        while let next = open.popLast() {
            for other in after.services where !reached.contains(other.name) && other.restarts(with: next) {
                reached.insert(other.name)
                open.append(other.name)
            }
        }
        return reached.sorted()
    }

    /// What its instances use now, and would at the most while they are replaced, if the new ones use as much.
    private func memory(of service: ServiceName) -> PlanDocument.Memory? {
        let instances = usage.filter { $0.service == service.text }
        guard let spec = after[service], !instances.isEmpty else { return nil }
        let now = instances.reduce(0) { $0 + $1.memoryBytes }
        // Beside each there is one other at the most.
        let surge = UInt64(min(spec.rollout.pace.maxSurge.roundedUp(of: instances.count), instances.count))
        return PlanDocument.Memory(nowBytes: now, peakBytes: now + now * surge / UInt64(instances.count))
    }

    // MARK: Which plan it is

    /// What the plan does and to what: another state of the stack, or other files, give another.
    private func fingerprint(of changes: [PlanDocument.Change], _ control: [PlanDocument.Difference]) -> String {
        let services = changes.map { change in
            let name = ServiceName(change.service)
            let before = name.flatMap { self.before($0)?.revision.text } ?? ""
            let after = name.flatMap { self.after[$0]?.revision.text } ?? ""
            return (["\(change.service) \(change.kind.rawValue) \(before) \(after)"] + change.differences.map(\.line))
                .joined(separator: "\n")
        }
        return Revision(hashing: (services + control.map(\.line)).joined(separator: "\n")).text
    }
}

extension PlanDocument {
    /// What is replaced is stopped, then started: somebody is impatient.
    mutating func stopBeforeStart() {
        for index in changes.indices where changes[index].kind == .rolling {
            changes[index].kind = .restart
            changes[index].memory = nil
        }
    }
}

extension PlanDocument.Difference {
    fileprivate init(_ difference: ResolvedFile.Difference) {
        self.init(key: difference.key, before: difference.before, after: difference.after)
    }

    fileprivate var line: String { "\(key)=\(after ?? "")" }
}

extension ServiceSpec {
    fileprivate func restarts(with service: ServiceName) -> Bool {
        dependencies.contains { $0.service == service && $0.restart }
    }
}

extension ServiceChange {
    /// Whether there is a moment at which the service is not there for those that depend on it.
    fileprivate var interruptsService: Bool {
        switch kind {
        case .restart, .stop: true
        case .none, .live, .rolling, .start: false
        }
    }

    /// Its instances are others afterwards.
    fileprivate var isReplacement: Bool {
        switch kind {
        case .restart, .rolling: true
        case .none, .live, .start, .stop: false
        }
    }
}

extension PlanDocument.Change.Kind {
    fileprivate init(_ kind: ServiceChange.Kind) {
        self =
            switch kind {
            case .none: .none
            case .live: .live
            case .rolling: .rolling
            case .restart: .restart
            case .start: .start
            case .stop: .stop
            }
    }
}
