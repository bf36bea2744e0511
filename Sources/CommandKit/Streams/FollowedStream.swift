import ControlClient
import ControlProtocol

/// A stream that is followed until the daemon ends it, also over a daemon that was killed and its successor.
struct FollowedStream<Item: Hashable & Codable & Sendable> {
    /// Told where a new daemon is being waited for.
    var errors: Console
    /// Begins the stream where the last one broke off.
    var open: () async throws(ControlClientError) -> ControlStream<Item>

    /// How long after a daemon's end another one may come: systemd's `RestartSec` and its start.
    private static var patience: Duration { .seconds(5) }
    private static var retryDelay: Duration { .milliseconds(100) }

    /// Takes every record, until the stack has been stopped, or no daemon is there any more.
    ///
    /// - Throws: `ControlClientError` where it cannot begin, and whatever `take` throws.
    func forEach(_ take: (StreamRecord<Item>) async throws -> Void) async throws {
        var stream = try await open()
        while true {
            do {
                for try await record in stream { try await take(record) }
                // A daemon that ends the stream itself has stopped the stack, and nothing more is to come.
                return
            } catch ControlClientError.disconnected {
                // It was killed, or has cut off a reader that was too slow.
            }
            guard let next = try await reopened() else { return }
            stream = next
        }
    }

    private func reopened() async throws -> ControlStream<Item>? {
        let clock = ContinuousClock()
        let deadline = clock.now + Self.patience
        var isTold = false
        while clock.now < deadline {
            try await Task.sleep(for: Self.retryDelay)
            do {
                return try await open()
            } catch {
                guard Self.mayPass(error) else { throw error }
            }
            if !isTold, clock.now + Self.patience / 2 > deadline {
                isTold = true
                let text = "stackd has ended; waiting a little for its return"
                try await errors.print(errors.output.palette(.dim, text))
            }
        }
        return nil
    }

    /// Whether a daemon that comes or goes makes it.
    private static func mayPass(_ error: ControlClientError) -> Bool {
        switch error {
        case .noDaemon, .disconnected, .timedOut: true
        case .problem(let problem): problem.code == .shuttingDown
        case .unreachable, .unexpectedAnswer: false
        }
    }
}
