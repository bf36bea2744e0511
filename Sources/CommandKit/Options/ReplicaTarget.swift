import ArgumentParser
import ControlProtocol

/// `backend` or `backend/0`
struct ReplicaTarget: ExpressibleByArgument, Hashable {
    var service: String
    /// Nil is every replica.
    var index: Int?

    /// As on the command line.
    var text: String { index.map { "\(service)/\($0)" } ?? service }

    init(_ replica: ReplicaName) {
        service = replica.service
        index = replica.index
    }

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1:
            service = argument
        case 2:
            guard let index = Int(parts[1]), index >= 0 else { return nil }
            service = String(parts[0])
            self.index = index
        default:
            return nil
        }
    }
}
