public import Hummingbird

/// Measures every request: how many, how long, how many in flight.
public struct RequestMetrics<Context: RequestContext>: RouterMiddleware {
    private let metrics: Metrics

    /// A middleware that records to this registry.
    public init(_ metrics: Metrics) {
        self.metrics = metrics
    }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        adjustInFlight(by: 1)
        defer { adjustInFlight(by: -1) }
        do {
            let response = try await next(request, context)
            record(request, context, response.status, since: start)
            return response
        } catch {
            record(request, context, (error as? any HTTPResponseError)?.status ?? .internalServerError, since: start)
            throw error
        }
    }

    private func adjustInFlight(by amount: Int) {
        metrics.adjust("http_requests_in_flight", "Requests that are being answered.", by: amount)
    }

    private func record(
        _ request: Request, _ context: Context, _ status: HTTPResponse.Status, since start: ContinuousClock.Instant
    ) {
        // The route's pattern, not the path: a path is the client's text and would make a series of its own.
        let route = (name: "route", value: context.endpointPath ?? "none")
        let method = (name: "method", value: Self.known(request.method))
        metrics.count(
            "http_requests_total", "Requests that were answered.",
            labels: [method, route, ("status", "\(status.code)")])
        metrics.observe(
            "http_request_duration_seconds", "Time from a request's head to its answer.",
            labels: [method, route], .now - start)
    }

    private static func known(_ method: HTTPRequest.Method) -> String {
        switch method {
        case .get, .head, .post, .put, .delete, .options, .patch: method.rawValue
        default: "other"
        }
    }
}
