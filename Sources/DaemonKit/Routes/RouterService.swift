import Glibc
import LinuxRuntime
import StackModel

/// HAProxy as a service of the stack, which the core supervises like any other.
///
/// It is one process in the foreground. The daemon holds its sockets, so that nothing is refused while it is replaced
/// or restarted; it is ready when `Routes` has told it of every replica; and SIGUSR1 lets it end what it has begun.
struct RouterService {
    let configuration: RouterConfiguration
    /// Of the program; its name alone where it was not found.
    let program: String
    /// The configuration's file.
    let file: String
    /// Where it runs: its own files and sockets are beside the configuration.
    let directory: String

    /// How long one that is replaced keeps requests that wait for a replica, before it is asked to end.
    static let handOver = Duration.seconds(20)

    var spec: ServiceSpec {
        let environment = configuration.frontends.enumerated().map { position, frontend in
            EnvironmentVariable(
                name: Self.variable(position), value: Template(parts: [.listenerDescriptor(frontend.listenerName)]))
        }
        let process = ProcessSpec(
            command: [Template(program), "-db", "-f", Template(file)], environment: environment,
            workingDirectory: Template(directory), umask: 0o077)
        let seconds = (configuration.hardStop + Self.handOver).components.seconds
        return ServiceSpec(
            name: .router, revision: Revision(hashing: "\(process) \(configuration.text)"), process: process,
            listeners: configuration.frontends.map { ListenerSpec(name: $0.listenerName, address: $0.address) },
            notify: true, startTimeout: .seconds(30),
            // Every request waits while it is away.
            restart: RestartSpec(
                mode: .always, backoff: .init(initial: .milliseconds(50), factorThousandths: 2000, maximum: .seconds(5))
            ),
            stop: StopSpec(signal: Signal(number: SIGUSR1), gracePeriod: .seconds(seconds + 5)),
            rollout: RolloutSpec(
                pace: .startFirst, progressDeadline: .seconds(120), onFailure: .rollback))
    }

    /// The configuration of a spec that was made here.
    static func file(of spec: ServiceSpec) -> String? {
        guard case .text(let file)? = spec.process.command.last?.parts.first else { return nil }
        return file
    }

    /// Of the environment: the descriptor of a frontend's socket.
    static func variable(_ position: Int) -> String { "STACKD_LISTEN_\(position)" }
}
