import ModelContextProtocol
import PostgresPool
import ServiceLifecycle
import WorkloadKit

/// An MCP server over stdio with tools that read the shop's database.
///
/// The database is named by libpq's own variables (`PGHOST`, `PGDATABASE` …) or by `DATABASE_URL`.
@main
struct MCPDatabase {
    static func main() async {
        await Workload.run("mcp-database", start)
    }

    private static func start(_ workload: Workload) async throws {
        let database = PostgresPool(workload.settings["DATABASE_URL"] ?? "", size: 2)
        let tools = DatabaseTools(database: database, metrics: workload.metrics)
        let server = Server(
            name: "mcp-database", version: "1.0.0",
            instructions: "Reads the shop's items. Start with describe_items to see what there is.",
            tools: [tools.queryItems, tools.describeItems])
        try await workload.run(
            [StandardStreams(transport: StdioTransport(server))],
            dependencies: [Dependency("database") { try await tools.check() }])
    }
}

/// Serves the standard streams until the client closes them or the program is told to stop.
private struct StandardStreams: Service {
    let transport: StdioTransport

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await transport.run() }
    }
}
