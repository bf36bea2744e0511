import StackModel

/// Whether the service's routes give requests to an instance.
extension InstanceMachine {
    enum Rotation: Hashable, Sendable {
        /// They give it none, and it has none of them. → inside
        case outside
        /// They give it requests. → leaving
        case inside
        /// They give it none any more; it may still have some. → outside, inside
        case leaving
    }

    /// Has it be in rotation while it is ready. Once it is being stopped, `drain` takes it out.
    mutating func fitRotation(in context: inout Context) {
        guard isRunning else { return }
        if isReady, !spec.routes.isEmpty {
            guard rotation != .inside else { return }
            rotation = .inside
            context.perform(.enterRotation(id))
        } else {
            leaveRotation(in: &context)
        }
    }

    mutating func leaveRotation(in context: inout Context) {
        guard rotation == .inside else { return }
        rotation = .leaving
        context.perform(.leaveRotation(id))
    }

    /// No request of a route is with it any more: while it drains, it need not wait longer.
    mutating func leftRotation(in context: inout Context) {
        guard rotation == .leaving else { return }
        rotation = .outside
        if case .stopping(let process) = state, case .draining = process.phase { signal(in: &context) }
    }

    /// How long it may take for what it has: as long as its routes give it, if it has requests of theirs.
    var drainPeriod: Duration {
        rotation == .outside ? spec.stop.drain : spec.routes.reduce(spec.stop.drain) { max($0, $1.drain) }
    }
}
