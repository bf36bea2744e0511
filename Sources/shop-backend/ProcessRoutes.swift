import Glibc
import HTTPTypes
import Hummingbird
import WorkloadKit

/// Routes by which tests and people see the process behind the listener: `GET /whoami` and `GET /slow?ms=`.
struct ProcessRoutes {
    /// The longest that `/slow` takes, in milliseconds.
    static let slowest = 60_000

    let settings: Settings

    func add(to router: Router<ShopRequestContext>) {
        router.get("whoami", use: whoami)
        router.get("slow", use: slow)
    }

    private struct Identity: Encodable {
        var service: String
        var replica: Int
        var pid: Int32
    }

    @Sendable private func whoami(_ request: Request, _ context: ShopRequestContext) throws -> Response {
        try .json(identity)
    }

    /// Answers after a while, so that a drain has something to wait for.
    @Sendable private func slow(_ request: Request, _ context: ShopRequestContext) async throws -> Response {
        let milliseconds = try request.wholeNumber("ms", default: 1000, in: 0...Self.slowest)
        try await Task.sleep(for: .milliseconds(milliseconds))
        return try .json(identity)
    }

    private var identity: Identity {
        Identity(
            service: settings["SERVICE_NAME"] ?? "shop-backend",
            replica: settings["REPLICA_INDEX"].flatMap { Int($0) } ?? 0, pid: getpid())
    }
}
