import StackModel
import SupervisorCore

/// Who is given requests by the routes.
extension Judge {
    mutating func enterRotation(_ id: InstanceID) throws(Violation) {
        let instance = try instance(id, for: "a place in the rotation")
        if case .inside(let routes) = instance.rotation, routes == instance.spec.routes {
            throw violation(.rotation, "\(id) enters the rotation twice")
        }
        guard instance.isReady, !instance.spec.routes.isEmpty else {
            throw violation(.rotation, "\(id) enters the rotation, and is not ready or has no route")
        }
        told.change(id) { instance, _ in instance.rotation = .inside(instance.spec.routes) }
    }

    mutating func leaveRotation(_ id: InstanceID) throws(Violation) {
        let instance = try instance(id, for: "the end of its rotation")
        guard case .inside = instance.rotation else {
            throw violation(.rotation, "\(id) leaves the rotation, and is not in it")
        }
        told.change(id) { instance, now in instance.rotation = .leaving(since: now) }
    }
}

extension ToldInstance {
    /// It is given requests and is not ready, or the other way round. While it ends it goes on until its hook is done.
    var isMisplaced: Bool {
        switch process {
        case .spawning, .gone: return false
        case .running, .leaving: break
        }
        if isKilled { return false }
        if case .inside(let routes) = rotation {
            return routes != spec.routes || !isReady && !(stopCause != nil && isHookRunning)
        }
        return isReady && !spec.routes.isEmpty
    }

    /// How long it may take for the requests that it has, once it is asked to end.
    var longestDrain: Duration {
        let longest = spec.routes.map(\.drain).max() ?? .zero
        return min(max(spec.stop.drain, longest), asked ?? .seconds(3_600))
    }
}
