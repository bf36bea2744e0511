import Hummingbird

/// What a supervisor and a monitoring system ask a program: `/live`, `/ready` and `/metrics`.
struct AdminRoutes {
    let metrics: Metrics
    let readiness: Readiness
    let isStopping: Flag

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        // Alive is whoever answers: a dependency that is away is no reason to be restarted.
        router.get("live") { _, _ in Self.text(.ok, "ok\n") }
        router.get("ready") { _, _ in await ready() }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: metrics.render())))
        }
        return router
    }

    private func ready() async -> Response {
        guard !isStopping.isRaised else { return Self.text(.serviceUnavailable, "stopping\n") }
        let failures = await readiness.failures()
        guard !failures.isEmpty else { return Self.text(.ok, "ok\n") }
        return Self.text(
            .serviceUnavailable, failures.map { "\($0.dependency): \($0.reason)\n" }.joined())
    }

    private static func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
