import ControlProtocol
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import StackModel
import Synchronization

/// Answers requests: finds the route, decides whether the caller may use it, and writes down what was changed.
final class Responder: Sendable {
    let routes: RouteTable
    let controller: any StackController
    let admission: Admission
    let limits: Limits
    let statistics = RequestStatistics()
    /// Which run of the daemon this is: when it began, in ms since 1970.
    private let run = Timestamp.now.milliseconds
    private let gate: Mutex<Gate>
    private let audit: (any AuditLog)?
    private let logger: Logger

    init(
        routes: RouteTable, controller: any StackController, admission: Admission, limits: Limits, policy: AccessPolicy,
        audit: (any AuditLog)?, logger: Logger
    ) {
        self.routes = routes
        self.controller = controller
        self.admission = admission
        self.limits = limits
        gate = Mutex(Gate(policy: policy))
        self.audit = audit
        self.logger = logger
    }

    /// From now on the policy decides, also of connections and streams that are open.
    func replace(policy: AccessPolicy) {
        gate.withLock { $0 = Gate(policy: policy) }
        admission.endForbiddenStreams()
    }

    private var currentGate: Gate { gate.withLock { $0 } }

    /// As what a new connection counts.
    func holder(_ client: Client) -> Holder {
        switch client {
        case .process(let peer): Holder(client, currentGate.policy.role(of: peer))
        case .network: Holder(client, nil)
        }
    }

    func respond(
        to request: Request, of client: Client, _ writer: consuming ResponseWriter, _ channel: any Channel
    ) async throws {
        var exchange = Exchange(request: request, client: client, channel: channel)
        let response: Response
        do throws(ControlProblem) {
            response = try await answer(&exchange)
        } catch {
            exchange.problem = error
            response = refusal(error, request, channel)
        }
        let status = Int(response.status.code)
        statistics.countAnswer(
            method: exchange.route?.method.rawValue ?? "", route: exchange.route?.template ?? "", status: status)
        record(exchange, status: status)
        try await writer.write(response: response.head, body: response.body)
    }

    /// What has become known of a request.
    private struct Exchange {
        let request: Request
        let client: Client
        let channel: any Channel
        let note = BodyNote()
        var route: Route?
        var caller: Gate.Caller?
        var problem: ControlProblem?
    }

    private func answer(_ exchange: inout Exchange) async throws(ControlProblem) -> Response {
        let request = exchange.request
        let gate = currentGate
        try gate.checkOrigin(exchange.client, request)
        let caller = try gate.caller(exchange.client, request)
        exchange.caller = caller
        // Who may do nothing is not even told what there is.
        guard let role = caller.role else { throw .forbidden(caller, .read) }
        let (route, parameters) = try routes.find(request.method, request.uri.path)
        exchange.route = route
        try gate.check(caller, may: route)
        let call = Call(
            request: request, route: route, parameters: parameters, role: role,
            holder: Holder(caller.client, role),
            isAllowed: { [self, client = caller.client] in currentGate.allows(client, request, route) },
            channel: exchange.channel, controller: controller, admission: admission, limits: limits,
            statistics: statistics, run: run, note: exchange.note)
        try call.checkQuery()
        try await call.checkBody()
        return try await route.handler(call)
    }

    private func refusal(_ problem: ControlProblem, _ request: Request, _ channel: any Channel) -> Response {
        // The rest of a body that is too large is not taken either, nor anything of those who may not ask.
        let isClosing = [.bodyTooLarge, .forbidden, .unauthorized, .misdirected].contains(problem.code)
        var response = Response(problem, closing: isClosing)
        if problem.code == .methodNotAllowed {
            response.headers[.allow] = routes.methods(of: request.uri.path).joined(separator: ", ")
        }
        if isClosing {
            // The client is to read the answer before the connection ends under it.
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
        return response
    }

    private func record(_ exchange: Exchange, status: Int) {
        let isRefusal = exchange.problem?.isRefusal == true
        if isRefusal, let problem = exchange.problem {
            logger.notice("refused \(exchange.request.method) \(exchange.request.uri.path): \(problem.detail)")
        }
        switch exchange.route?.audit {
        case .always?: break
        case .refusals?: guard isRefusal else { return }
        case .never?, nil: guard isRefusal, exchange.request.method != .get else { return }
        }
        do {
            try audit?.record(entry(exchange, status: status))
        } catch {
            statistics.countAuditFailure()
            logger.error("the audit log is not written: \(error)")
        }
    }

    private func entry(_ exchange: Exchange, status: Int) -> AuditEntry {
        var entry = AuditEntry(
            time: .now, token: exchange.caller?.token, method: exchange.request.method.rawValue,
            path: exchange.request.uri.string, body: exchange.note.text, status: status,
            problem: exchange.problem?.code.rawValue)
        if case .process(let peer) = exchange.client {
            entry.uid = UInt64(peer.user)
            entry.user = Accounts.name(ofUser: peer.user)
            entry.pid = peer.pid
        }
        return entry
    }
}

extension ControlProblem {
    /// Whether it is about who asked.
    fileprivate var isRefusal: Bool { [.forbidden, .unauthorized, .misdirected].contains(code) }
}
