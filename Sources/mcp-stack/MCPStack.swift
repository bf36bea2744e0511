import Hummingbird
import ModelContextProtocol
import WorkloadKit

/// An MCP server over streamable HTTP, at `/mcp`, with a tool that reports the state of the stack it is part of.
///
/// Listens on the inherited listener `http`, or on `HTTP_ADDRESS`. It asks the daemon over its control socket,
/// `STACKD_SOCKET`. `ALLOWED_ORIGINS` names the web pages, separated by blanks, that may call it besides this host's.
@main
struct MCPStack {
    static func main() async {
        await Workload.run("mcp-stack", start)
    }

    private static func start(_ workload: Workload) async throws {
        let settings = workload.settings
        var listeners = try settings.inheritedListeners()
        let socket = try ListeningSocket.open(
            "http", from: &listeners, orBind: settings["HTTP_ADDRESS"] ?? "127.0.0.1:8002")
        guard let path = settings["STACKD_SOCKET"] else {
            throw SettingError(name: "STACKD_SOCKET", value: "", expected: "the path of the daemon's control socket")
        }
        let control = ControlSocket(path: path)
        let origins = (settings["ALLOWED_ORIGINS"] ?? "").split(separator: " ").map(String.init)
        let endpoint = StreamableHTTP(
            Server(
                name: "mcp-stack", version: "1.0.0", instructions: "Reports the state of the stack and its services.",
                tools: [StackTools(control: control, metrics: workload.metrics).stackStatus]),
            allowedOrigins: Set(origins))

        let router = Router()
        router.add(middleware: RequestMetrics(workload.metrics))
        EndpointRoutes(endpoint: endpoint).add(to: router)
        let server = HTTPServer.make(socket, responder: router.buildResponder(), logger: workload.logger)
        try await workload.run(
            [server], dependencies: [Dependency("stackd") { _ = try await control.get("/v1/services") }])
    }
}
