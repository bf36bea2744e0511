import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// Who asks.
enum Client: Hashable, Sendable {
    /// A process of this host, over the control socket.
    case process(Peer)
    /// Whoever holds a token, over TCP.
    case network
}

/// Decides who may use a route. What it decides by can be replaced while connections are open.
struct Gate: Sendable {
    /// Who was let in, or turned away, as the audit log names them.
    struct Caller: Sendable {
        var client: Client
        var token: String?
        var role: ControlRole?
    }

    let policy: AccessPolicy

    /// Who it is, by the connection or by the request's token.
    /// - Throws: `unauthorized`.
    func caller(_ client: Client, _ request: Request) throws(ControlProblem) -> Caller {
        switch client {
        case .process(let peer):
            return Caller(client: client, token: nil, role: policy.role(of: peer))
        case .network:
            guard let field = request.headers[.authorization] else { throw .noToken }
            let words = field.split(separator: " ", maxSplits: 1)
            guard words.count == 2, words[0].lowercased() == "bearer",
                let token = policy.token(with: Array(words[1].utf8))
            else { throw .wrongToken }
            return Caller(client: client, token: token.name, role: token.role)
        }
    }

    /// Refuses what comes over TCP from a web page: by a name that was made to point here (DNS rebinding), or from a
    /// page of elsewhere.
    /// - Throws: `misdirected_request`, `forbidden`.
    func checkOrigin(_ client: Client, _ request: Request) throws(ControlProblem) {
        guard client == .network else { return }
        let host = request.head.authority ?? ""
        guard Self.isLoopback(Self.withoutPort(host)) else { throw .misdirected(host) }
        if let origin = request.headers[.origin], origin.lowercased() != "http://\(host)".lowercased() {
            throw ControlProblem(.forbidden, "a web page of \(origin) may not control this stack")
        }
    }

    private static func isLoopback(_ name: Substring) -> Bool {
        name.lowercased() == "localhost" || name == "[::1]"
            || name.hasPrefix("127.") && name.allSatisfy { $0 == "." || $0.isASCII && $0.isNumber }
    }

    private static func withoutPort(_ host: String) -> Substring {
        guard let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") else { return host[...] }
        return host[..<colon]
    }

    func allows(_ client: Client, _ request: Request, _ route: Route) -> Bool {
        guard let role = try? caller(client, request).role else { return false }
        return role >= route.role
    }

    /// - Throws: `forbidden`.
    func check(_ caller: Caller, may use: Route) throws(ControlProblem) {
        guard let role = caller.role, role >= use.role else { throw .forbidden(caller, use.role) }
    }
}

extension ControlProblem {
    fileprivate static var noToken: ControlProblem {
        ControlProblem(.unauthorized, "over TCP a token is needed: Authorization: Bearer TOKEN")
    }

    fileprivate static var wrongToken: ControlProblem {
        ControlProblem(
            .unauthorized, "that is no token of this stack; `control: {tokens: …}` in its file names their files")
    }

    fileprivate static func misdirected(_ host: String) -> ControlProblem {
        ControlProblem(.misdirected, "\"\(host)\" is not a name of this daemon; use 127.0.0.1 or localhost")
    }

    static func forbidden(_ caller: Gate.Caller, _ needed: ControlRole) -> ControlProblem {
        let has = caller.role.map { "has the role \($0.rawValue)" } ?? "has no role"
        let who: String
        let remedy: String
        switch caller.client {
        case .process(let peer):
            let name = Accounts.name(ofUser: peer.user)
            who = name.map { "user \($0) (\(peer.user))" } ?? "user \(peer.user)"
            let grant = "{\(needed.rawValue): {users: [\(name ?? "\(peer.user)")]}}"
            remedy = "`control: {access: \(grant)}` in the stack file grants it"
        case .network:
            who = "the token \(caller.token ?? "")"
            remedy = "`control: tokens:` in the stack file gives tokens their roles"
        }
        return ControlProblem(
            .forbidden,
            "\(who) \(has), and this takes \(needed.rawValue), as root and the daemon's own user have it; \(remedy)")
    }
}
