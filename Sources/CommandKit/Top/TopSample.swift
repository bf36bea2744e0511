import ControlClient
import ControlProtocol

/// The stack, and what it uses, at one moment.
struct TopSample: Hashable, Sendable {
    var time: Timestamp
    var stack: StackDocument
    var services: [ServiceDocument]
    var usage: [UsageDocument]
    var host: HostUsage?

    /// - Parameter names: of the services that are wanted; none means all.
    static func now(
        of names: Set<String> = [], from client: ControlClient
    ) async throws(ControlClientError) -> TopSample {
        let stack = try await client.stack()
        let services = try await client.services().filter { names.isEmpty || names.contains($0.name) }
        let usage = try await client.usage()
        return TopSample(time: .now(), stack: stack, services: services, usage: usage, host: .now())
    }
}
