import Hummingbird
import PostgresPool
import WorkloadKit

/// The shop's HTTP API, with its items in PostgreSQL.
///
/// Listens on the inherited listener `http`, or on `HTTP_ADDRESS`. The database is named by libpq's own variables
/// (`PGHOST`, `PGDATABASE` …) or by `DATABASE_URL`; `DATABASE_CONNECTIONS` (4) is the greatest number of connections.
@main
struct ShopBackend {
    static func main() async {
        await Workload.run("shop-backend", start)
    }

    private static func start(_ workload: Workload) async throws {
        let settings = workload.settings
        var listeners = try settings.inheritedListeners()
        let socket = try ListeningSocket.open(
            "http", from: &listeners, orBind: settings["HTTP_ADDRESS"] ?? "127.0.0.1:8000")
        let items = ItemStore(
            PostgresPool(
                settings["DATABASE_URL"] ?? "",
                size: try settings.integer("DATABASE_CONNECTIONS", default: 4, in: 1...100)))

        let router = Router(context: ShopRequestContext.self)
        router.add(middleware: RequestMetrics(workload.metrics))
        router.add(middleware: ErrorResponses())
        ItemRoutes(items: items).add(to: router)
        ProcessRoutes(settings: settings).add(to: router)

        let server = HTTPServer.make(socket, responder: router.buildResponder(), logger: workload.logger)
        try await workload.run(servers: [server], dependencies: [Dependency("database") { try await items.check() }])
    }
}
