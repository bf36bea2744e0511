import ModelContextProtocol
import WorkloadKit

/// The tools that report about the stack.
struct StackTools: Sendable {
    let control: ControlSocket
    let metrics: Metrics

    var stackStatus: Tool {
        Tool(
            name: "stack_status", title: "Stack status",
            description: "Reports every service of the stack with its replicas: their state, readiness and restarts.",
            inputSchema: [
                "type": "object",
                "properties": ["service": ["type": "string", "description": "Only this service."]],
                "additionalProperties": false,
            ],
            outputSchema: ["type": "object"]
        ) { arguments in
            metrics.count("mcp_tool_calls_total", "Calls of tools.", labels: [("tool", "stack_status")])
            let service = try Arguments(arguments, known: ["service"]).text("service")
            return try await status(of: service)
        }
    }

    /// What the daemon says, as it says it; an answer that is no object becomes one.
    private func status(of service: String?) async throws -> JSONValue {
        let body: JSONValue
        do {
            body = try JSONValue(parsing: try await control.get("/v1/services"))
        } catch let error as ControlSocketError {
            throw ToolError("stackd: \(error)")
        } catch {
            throw ToolError("stackd answered something that is not JSON")
        }
        let all = body.object ?? ["services": body]
        guard let service else { return .object(all) }
        guard case .array(let services) = all["services"] else { throw ToolError("stackd listed no services") }
        let named = services.filter { $0["name"] == .string(service) }
        guard !named.isEmpty else { throw ToolError("no such service: \(service)") }
        return ["services": .array(named)]
    }
}
