import ControlProtocol
import HTTPTypes
import HummingbirdCore
import NIOCore

/// Answers the requests of admitted clients.
struct Responder: Sendable {
    let routes: RouteTable
    let controller: any StackController
    let admission: Admission
    let limits: Limits

    @Sendable
    func respond(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let response = await response(to: request, channel)
        try await writer.write(response: response.head, body: response.body)
    }

    private func response(to request: Request, _ channel: any Channel) async -> Response {
        do throws(ControlProblem) {
            let (route, parameters) = try routes.find(request.method, request.uri.path)
            let call = Call(
                request: request, parameters: parameters, channel: channel, controller: controller,
                admission: admission, limits: limits)
            return try await route.handler(call)
        } catch {
            // The rest of a body that is too large is not taken either.
            return Response(error, closing: error.code == .bodyTooLarge)
        }
    }
}
