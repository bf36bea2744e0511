import ControlClient
import ControlProtocol

/// Waits until services are where a command wants them, and shows how they get there.
struct ServiceWait: Sendable {
    enum Outcome: Sendable {
        case reached
        /// Some will not get there unasked; the snapshot tells which.
        case failed([ServiceDocument])
        case timedOut([ServiceDocument])
        /// The user waits no longer; what was asked for goes on.
        case interrupted
        /// The daemon ended before.
        case daemonEnded
    }

    var client: ControlClient
    var goal: ProgressGoal
    /// Nil means every service that should be there.
    var selection: Set<String>?
    /// Nil is without limit.
    var timeout: Duration?
    var display: ProgressDisplay

    private static let retryDelay = Duration.milliseconds(100)

    /// Until every service has arrived or one has failed, or until Ctrl-C.
    ///
    /// - Throws: `ControlClientError` where the daemon cannot be asked.
    func run() async throws -> Outcome {
        let last = LatestServices()
        let outcome: Outcome? = try await withDeadline(timeout) {
            try await untilInterrupted {
                try await follow(recordingIn: last) { verdict(on: $0) } ?? .daemonEnded
            } ?? .interrupted
        }
        await display.finish()
        guard let outcome else { return .timedOut(await last.services) }
        return outcome
    }

    /// Until nobody answers on the socket any more; the last snapshot where the time runs out before.
    ///
    /// - Throws: `ControlClientError` where the daemon cannot be asked.
    func untilDaemonIsGone() async throws -> [ServiceDocument]? {
        let last = LatestServices()
        let isGone: Void? = try await withDeadline(timeout) {
            while try await isDaemonThere() {
                do {
                    _ = try await follow(recordingIn: last) { _ in nil }
                } catch ControlClientError.problem, ControlClientError.timedOut {
                    // A daemon that is about to go, or has too many followers, lets nobody follow it any more.
                    try await Task.sleep(for: Self.retryDelay)
                }
            }
        }
        await display.finish()
        return isGone == nil ? await last.services : nil
    }

    /// Looks at the services whenever something happens to them, until the look has an outcome or the daemon ends.
    private func follow(
        recordingIn last: LatestServices, _ look: ([ServiceDocument]) -> Outcome?
    ) async throws -> Outcome? {
        do {
            for try await services in ServiceSnapshots(client: client) {
                await last.set(services)
                await display.update(services, goal: goal, selection: selection)
                if let outcome = look(services) { return outcome }
            }
        } catch ControlClientError.disconnected, ControlClientError.noDaemon {
            // It has ended, as at the end of the loop.
        }
        return nil
    }

    /// A connection that breaks, or that nobody answers, is one to a daemon that is about to go.
    private func isDaemonThere() async throws -> Bool {
        do {
            return try await ifDaemonListens { () throws(ControlClientError) in try await client.stack() } != nil
        } catch ControlClientError.disconnected, ControlClientError.timedOut {
            return true
        }
    }

    func progress(of services: [ServiceDocument]) -> [ServiceProgress] {
        ServiceProgress.all(of: services, goal: goal, selection: selection)
    }

    /// Nil where there is still something to wait for.
    func verdict(on services: [ServiceDocument]) -> Outcome? {
        let progress = progress(of: services)
        if progress.contains(where: { $0.standing == .failed }) {
            // Of those that go on, it is told too what becomes of them.
            return hasMovingRollout(services) ? nil : .failed(services)
        }
        // What is new in the files may not be there yet.
        if goal != .stopped, let selection, !selection.isSubset(of: services.map(\.name)) { return nil }
        return progress.allSatisfy { $0.standing == .reached } ? .reached : nil
    }

    /// Whether one of the rollouts that are waited for goes on by itself.
    private func hasMovingRollout(_ services: [ServiceDocument]) -> Bool {
        services.contains { service in
            guard let former = goal.former(of: service.name), let rollout = service.rollout else { return false }
            return selection?.contains(service.name) ?? true && rollout.number > former.revision && rollout.isMoving
        }
    }
}

extension RolloutDocument {
    fileprivate var isMoving: Bool {
        switch phase {
        case .progressing, .analysing: true
        case .paused: until != nil
        case .waiting, .failed: false
        }
    }
}

/// The last snapshot seen, for whoever has to tell why the time ran out.
private actor LatestServices {
    private(set) var services: [ServiceDocument] = []

    func set(_ services: [ServiceDocument]) {
        self.services = services
    }
}
