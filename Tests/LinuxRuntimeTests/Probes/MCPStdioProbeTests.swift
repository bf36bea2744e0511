import Glibc
import Testing

@testable import LinuxRuntime

/// Servers without any package, each after one generation's specification or with one fault.
private let server = #"""
    import json, os, sys, time
    mode, directory = sys.argv[1], sys.argv[2]
    log = open(f"{directory}/log", "a", buffering=1)
    log.write("start\n")

    def say(message): sys.stdout.write(json.dumps(message) + "\n"); sys.stdout.flush()
    def result(request, value): say({"jsonrpc": "2.0", "id": request["id"], "result": value})
    def error(request, code, text): say({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": text}})

    tools = [{"name": "query", "inputSchema": {}}, {"name": "stack", "inputSchema": {}}]
    stateless = mode in ("stateless", "stays")
    if mode == "crashes": sys.exit("cannot find the database")
    if mode == "floods":
        while True: sys.stdout.write("x" * 65536)
    if mode == "closes":
        os.close(0); os.close(1); time.sleep(1000)
    if mode == "chatty": print("Welcome to the server!\n{}\n[1, 2", flush=True)
    initialized = False
    for line in sys.stdin:
        request = json.loads(line)
        method = request["method"]
        log.write(method + "\n")
        if mode == "silent" and not initialized and method not in ("initialize", "notifications/initialized"): continue
        if mode == "gives-up" and not initialized and method != "initialize": sys.exit(0)
        if stateless and method == "initialize": error(request, -32601, "Method not found")
        elif stateless:
            meta = request["params"]["_meta"]
            assert meta["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
            if method == "server/discover":
                result(request, {"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}})
            elif method == "tools/list":
                at = int(request["params"].get("cursor", "0"))
                more = {"nextCursor": str(at + 1)} if at + 1 < len(tools) else {}
                result(request, {"resultType": "complete", "tools": [tools[at]], **more})
            else: error(request, -32601, "Method not found")
        elif method == "initialize":
            initialized = True
            say({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}})
            say({"jsonrpc": "2.0", "method": "ping", "id": 1})
            result(request, {"protocolVersion": "2024-11-05", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}})
        elif method == "tools/list" and initialized: result(request, {"tools": tools})
        elif "id" in request: error(request, -32602, "Received request before initialization was complete")
    log.write("end\n")
    if mode == "stays":
        time.sleep(1000)
    """#

extension RealProcesses {
    @Suite struct MCPStdioProbeTests {
        let harness: ProbeHarness
        let script: String

        init() throws {
            harness = try ProbeHarness(Containing.usable.first ?? .processTree)
            script = try harness.directory.write("server.py", server)
        }

        private func check(_ mode: String, tools: [String]) throws -> ProbeCheck {
            let request = SpawnRequest(
                arguments: ["python3", script, mode, harness.directory.path], environment: .ofTests)
            return .mcp(MCPCheck(transport: .stdio(try harness.program(request)), tools: tools))
        }

        /// What the server heard; the end of its input is told when it leaves by itself.
        private func log() throws -> [Substring] {
            try contents("\(harness.directory.path)/log").split(separator: "\n")
        }

        private func result(_ mode: String, tools: [String] = []) throws -> ProbeResult {
            try harness.result(of: try check(mode, tools: tools))
        }

        @Test func aStatelessServer() throws {
            #expect(try result("stateless", tools: ["stack", "query"]) == .passed)
            try harness.expectNothingLeft()
            // On a slow host it is taken for a silent one, and asked to `initialize` too.
            let heard = try log().filter { $0 != "initialize" }
            #expect(heard == ["start", "server/discover", "tools/list", "tools/list", "end"])
            let lacking = try result("stateless", tools: ["query", "drop"])
            #expect(lacking == .failed("the server lacks the tool drop; it has query, stack"))
            try harness.expectNothingLeft()
        }

        @Test func anOlderServer() throws {
            #expect(try result("older", tools: ["query"]) == .passed)
            try harness.expectNothingLeft()
            #expect(
                try log()
                    == ["start", "server/discover", "initialize", "notifications/initialized", "tools/list", "end"])
        }

        @Test func aServerThatIsSilentOnWhatItDoesNotKnow() throws {
            #expect(try result("silent") == .passed)
            try harness.expectNothingLeft()
            #expect(try log() == ["start", "server/discover", "initialize", "notifications/initialized", "end"])
        }

        @Test func aServerThatGivesUpOnWhatItDoesNotKnow() throws {
            let result = try result("gives-up")
            #expect(result == .passed)
            try harness.expectNothingLeft()
            #expect(
                try log() == ["start", "server/discover", "start", "initialize", "notifications/initialized", "end"])
        }

        @Test func aServerThatPrintsOtherThings() throws {
            #expect(try result("chatty", tools: ["query"]) == .passed)
            try harness.expectNothingLeft()
        }

        @Test func aServerThatDoesNotLeaveIsKilled() throws {
            #expect(try result("stays") == .passed)
            try harness.expectNothingLeft()
            #expect(try log().last == "end")
        }

        @Test func cancelAfterTheResultDoesNotWait() throws {
            #expect(try result("stays") == .passed)
            harness.lastTask?.cancel()
            try harness.expectNothingLeft()
        }

        @Test func aServerThatCrashes() throws {
            let result = try result("crashes")
            #expect(result == .failed("the server ended: exit status 1: cannot find the database"))
            try harness.expectNothingLeft()
        }

        @Test func aServerThatClosesItsOutput() throws {
            #expect(try result("closes") == .failed("the server ended: it closed its output"))
            try harness.expectNothingLeft()
        }

        @Test func aServerThatFloods() throws {
            #expect(try result("floods") == .failed("the server sent a message longer than 1024 KiB"))
            try harness.expectNothingLeft()
        }

        @Test func aServerThatIsMissing() throws {
            let check = MCPCheck(transport: .stdio(try harness.program(SpawnRequest(arguments: ["/no/server"]))))
            #expect(try harness.result(of: .mcp(check)) == .failed("exec /no/server: No such file or directory"))
        }

        @Test func cancelKillsTheServer() throws {
            let check = try check("silent", tools: ["query"])
            let before = try ProbeHarness.openDescriptors()
            let task = harness.runner.start(check) { result in
                Issue.record("a cancelled probe reported \(result)")
            }
            try harness.loop.poll(until: "the first request") {
                (try? log().contains("server/discover")) ?? false
            }
            task.cancel()
            try harness.expectNothingLeft()
            try harness.loop.poll(until: "all descriptors closed") { try ProbeHarness.openDescriptors() <= before }
        }

        @Test func theReferenceImplementation1() throws { try probeTheReferenceImplementation("1.") }

        @Test func theReferenceImplementation2() throws { try probeTheReferenceImplementation("2.") }

        private func probeTheReferenceImplementation(_ version: String) throws {
            let python = try harness.python(with: "mcp", version: version)
            let file = try harness.directory.write("sdk.py", referenceServer(version: version))
            let request = SpawnRequest(arguments: [python, file, "stdio"], environment: .ofTests)
            func result(_ tools: [String]) throws -> ProbeResult {
                let program = try harness.program(request)
                return try harness.result(of: .mcp(MCPCheck(transport: .stdio(program), tools: tools)))
            }
            #expect(try result(["add"]) == .passed)
            #expect(try result(["sub"]) == .failed("the server lacks the tool sub; it has add"))
            try harness.expectNothingLeft()
        }
    }
}

/// A server made with the Python SDK.
func referenceServer(version: String) -> String {
    let isOld = version == "1."
    return """
        import sys
        from mcp.server\(isOld ? ".fastmcp" : "") import \(isOld ? "FastMCP" : "MCPServer") as Server
        server = Server("reference")
        @server.tool()
        def add(a: int, b: int) -> int: return a + b
        transport = sys.argv[1]
        if transport == "stdio": server.run()
        else:
            import socket, uvicorn
            listener = socket.create_server(("127.0.0.1", 0))
            app = server.sse_app() if transport == "sse" else server.streamable_http_app()
            if transport != "sse":
                inner = app
                async def app(scope, receive, send):
                    if scope["type"] == "http" and scope["path"] == "/sessions":
                        count = str(len(server.session_manager._server_instances)).encode()
                        await send({"type": "http.response.start", "status": 200, "headers": []})
                        await send({"type": "http.response.body", "body": b"sessions=" + count})
                    else: await inner(scope, receive, send)
            print(listener.getsockname()[1], flush=True)
            uvicorn.run(app, fd=listener.fileno(), log_level="warning")
        """
}
