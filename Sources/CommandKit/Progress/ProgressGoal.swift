import ControlProtocol

/// What a command waits for.
enum ProgressGoal: Hashable, Sendable {
    /// Every replica is ready or has completed; where others wait for it to complete, it has.
    case running
    /// As `running`, and these services have become what came after their former selves.
    case replaced([String: Former])
    /// Nothing runs.
    case stopped

    /// As `running`, with later revisions and other instances than those of a snapshot.
    ///
    /// - Parameter others: services of which later revisions may come; if so, they are waited for.
    static func replacing(_ services: [ServiceDocument], perhaps others: [ServiceDocument] = []) -> ProgressGoal {
        let replaced = services.map { service in
            let instances = Set(service.replicas.compactMap(\.instance))
            let former = Former(
                revision: service.newestNumber, instances: instances, wasWanted: service.desired == .running)
            return (service.name, former)
        }
        let perhaps = others.map { ($0.name, Former(revision: $0.newestNumber)) }
        return .replaced(Dictionary(replaced + perhaps) { first, _ in first })
    }

    /// The newest revision of each service, whatever it is: its rollout is over, or there is none.
    static func rolledOut(_ services: [ServiceDocument]) -> ProgressGoal {
        let formers = services.map { ($0.name, Former(revision: $0.numberBeforeLatest)) }
        return .replaced(Dictionary(formers) { first, _ in first })
    }

    /// Somebody has stopped the service before it was what the command waits for.
    func isForestalled(_ service: ServiceDocument) -> Bool {
        service.desired == .stopped && former(of: service.name)?.wasWanted == true
    }

    /// Of a service that is to be replaced.
    func former(of service: String) -> Former? {
        switch self {
        case .replaced(let formers): formers[service]
        case .running, .stopped: nil
        }
    }
}

extension ServiceDocument {
    /// That of its newest revision; 0 where there is none.
    fileprivate var newestNumber: Int { history.first?.number ?? 0 }
}

/// What a service was before it was to be replaced.
struct Former: Hashable, Sendable {
    /// The number of its newest revision; those with a greater one came after.
    var revision = 0
    /// The serial numbers of the instances that are to go.
    var instances: Set<UInt64> = []
    /// It was to run, so that it has been stopped meanwhile if it is not any more.
    var wasWanted = false
}
