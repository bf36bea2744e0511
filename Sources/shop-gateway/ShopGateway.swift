import NIOCore
import WorkloadKit

/// The shop's WebSocket gateway: clients talk in rooms, and Redis joins the rooms of all replicas.
///
/// Listens on the inherited listener `ws`, or on `WS_ADDRESS`; Redis is at `REDIS_ADDRESS` (`HOST:PORT` or `/PATH`).
@main
struct ShopGateway {
    static func main() async {
        await Workload.run("shop-gateway", start)
    }

    private static func start(_ workload: Workload) async throws {
        let settings = workload.settings
        var listeners = try settings.inheritedListeners()
        let socket = try ListeningSocket.open(
            "ws", from: &listeners, orBind: settings["WS_ADDRESS"] ?? "127.0.0.1:8001")
        let bus = RedisBus(
            address: try redisAddress(settings["REDIS_ADDRESS"] ?? "127.0.0.1:6379"), logger: workload.logger)
        let hub = RoomHub(bus: bus, metrics: workload.metrics)

        let server = ConnectionServer(socket, logger: workload.logger) { channel in
            WebSocketUpgrade.configure(channel)
        } serve: { handshake in
            guard let socket = await handshake.socket() else { return }
            await ClientSession.serve(socket, hub: hub, logger: workload.logger)
        }
        try await workload.run([hub], servers: [server], dependencies: [Dependency("redis") { try await bus.ping() }])
    }

    private static func redisAddress(_ text: String) throws -> SocketAddress {
        if text.hasPrefix("/") { return try SocketAddress(unixDomainSocketPath: text) }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw SettingError(name: "REDIS_ADDRESS", value: text, expected: "HOST:PORT or /PATH")
        }
        return try SocketAddress.makeAddressResolvingHost(String(text[..<colon]), port: Int(port))
    }
}
