import FoundationEssentials

/// The rule of the stateless revision that an HTTP request's headers say what its body says.
///
/// Whoever routes or filters by the headers can then trust them (2026-07-28, Streamable HTTP, Server Validation).
enum HeaderRules {
    /// What is wrong with a request's headers or metadata; nil where they agree.
    ///
    /// Missing metadata comes first: without it there is nothing that the headers could contradict.
    static func fault(of call: Request, headers: [String: String]) -> ProtocolError? {
        guard let version = call.meta[MetaKey.protocolVersion] else {
            return .invalidParams("_meta lacks \(MetaKey.protocolVersion)")
        }
        guard let header = headers["mcp-protocol-version"] else {
            return .headerMismatch("MCP-Protocol-Version is missing")
        }
        guard .string(header) == version else {
            return .headerMismatch("MCP-Protocol-Version is not the version in _meta")
        }
        guard headers["mcp-method"] == call.method else { return .headerMismatch("Mcp-Method is not the method") }
        guard call.method == "tools/call", let name = call.params["name"]?.string else { return nil }
        guard headers["mcp-name"].flatMap(decoded) == name else { return .headerMismatch("Mcp-Name is not the name") }
        return nil
    }

    /// A header's value, decoded from the form `=?base64?…?=` for what plain ASCII can not carry.
    static func decoded(_ value: String) -> String? {
        let prefix = "=?base64?"
        let suffix = "?="
        guard value.count >= prefix.count + suffix.count, value.hasPrefix(prefix), value.hasSuffix(suffix) else {
            return value
        }
        let payload = value.dropFirst(prefix.count).dropLast(suffix.count)
        return Data(base64Encoded: String(payload)).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
