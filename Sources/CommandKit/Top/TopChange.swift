import ControlProtocol

/// What `top` can ask of the service whose replica is selected.
enum TopChange: Hashable, Sendable {
    case action(ServiceAction, service: String)
    case scale(service: String, from: Int, to: Int)

    /// Whether it takes something away from those who use the service, and so is asked back.
    var isDestructive: Bool {
        switch self {
        case .action(.restart, _), .action(.stop, _): true
        case .action(.start, _): false
        case .scale(_, let old, let new): new < old
        }
    }

    /// `stop backend`
    var text: String {
        switch self {
        case .action(let action, let service): "\(action.rawValue) \(service)"
        case .scale(let service, let old, let new): "scale \(service) from \(old) to \(new)"
        }
    }
}
