public import ControlProtocol
import Synchronization

/// One line of the audit log: who asked for which change, and what came of it.
public struct AuditEntry: WireDocument, Sendable {
    public var time: Timestamp
    /// The user of the process that asked; nil over TCP.
    public var uid: UInt64?
    /// The user's name, where it has one.
    public var user: String?
    public var pid: Int32?
    /// The name of the token, over TCP.
    public var token: String?
    public var method: String
    /// With the query.
    public var path: String
    /// In short, and without secrets.
    public var body: String?
    /// The HTTP status of the answer.
    public var status: Int
    /// Why it was refused.
    public var problem: String?

    public static let summary = "Who asked for which change, and what came of it."
    public static let properties: [WireProperty<AuditEntry>] = [
        .optional("body", \.body, "In short, and without secrets."),
        .init("method", \.method, "The method of the request."),
        .init("path", \.path, "The path of the request, with its query."),
        .optional("pid", \.pid, "The process that asked."),
        .optional("problem", \.problem, "The code of the problem that it was refused with."),
        .init("status", \.status, "The HTTP status of the answer."),
        .init("time", \.time, "When it was answered."),
        .optional("token", \.token, "The name of the token, over TCP."),
        .optional("uid", \.uid, "The user of the process that asked."),
        .optional("user", \.user, "The user's name, where it has one."),
    ]
}

/// Where the audit log goes.
public protocol AuditLog: Sendable {
    /// Takes note of the entry.
    /// - Throws: what kept it from being written.
    func record(_ entry: AuditEntry) throws
}

/// What the body of a request says, as far as the audit log tells it.
final class BodyNote: Sendable {
    private static let limit = 1_024
    private let state = Mutex<String?>(nil)

    var text: String? { state.withLock { $0 } }

    func set(_ document: some WireDocument) {
        set(String(decoding: WireFormat.bytes(of: document.withoutSecrets), as: UTF8.self))
    }

    func set(_ text: String) {
        let short = text.utf8.count <= Self.limit ? text : text.prefix(Self.limit) + "…"
        state.withLock { $0 = String(short) }
    }
}

extension WireDocument {
    /// The same without values that may be secret: those of variables of the environment.
    fileprivate var withoutSecrets: Self {
        guard var document = self as? any HasEnvironment else { return self }
        document.environment = document.environment.mapValues { _ in "…" }
        return document as? Self ?? self
    }
}

private protocol HasEnvironment {
    var environment: [String: String] { get set }
}

extension PlanRequest: HasEnvironment {}
extension ApplyRequest: HasEnvironment {}
extension ExecutionRequest: HasEnvironment {}
