import Glibc
import Testing

@testable import LinuxRuntime

/// Servers without any package, at /stateless, /older, /sse and so on; /log tells what they saw.
private let server = #"""
    import json, queue, socket, sys, threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    log, sessions, streams = [], set(), {}
    tools = [{"name": "query", "inputSchema": {}}, {"name": "stack", "inputSchema": {}}]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *_): pass

        def reply(self, status, body=b"", type="application/json", **headers):
            self.send_response(status)
            if type: self.send_header("Content-Type", type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items(): self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def result(self, request, value, **headers):
            self.reply(200, json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": value}).encode(), **headers)

        def error(self, request, status, code, text, data=None, **headers):
            error = {"code": code, "message": text} | ({"data": data} if data else {})
            self.reply(status, json.dumps({"jsonrpc": "2.0", "id": request.get("id"), "error": error}).encode(), **headers)

        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kind = self.path.split("?")[0].split("/")[1]
            if kind != "messages": log.append("POST " + request["method"])
            getattr(self, "post_" + kind, lambda r: self.reply(404))(request)

        def post_stateless(self, request):
            assert self.headers["Accept"] == "application/json, text/event-stream"
            if self.headers["MCP-Protocol-Version"] != "2026-07-28" or self.headers["Mcp-Method"] != request["method"]:
                return self.error(request, 400, -32020, "Header mismatch")
            if request["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] != "2026-07-28":
                return self.error(request, 400, -32022, "?", {"supported": ["2026-07-28"]})
            if request["method"] == "server/discover":
                self.result(request, {"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {}})
            elif request["method"] == "tools/list":
                note = b'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n'
                answer = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {"tools": tools}}).encode()
                # The stream is left open: the client has to leave.
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream; charset=utf-8")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in (b": hello\r\n", note, b"data: " + answer + b"\n\n"):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.connection.recv(1)
                self.close_connection = True

        def post_future(self, request):
            self.error(request, 400, -32022, "Unsupported protocol version", {"supported": ["2099-01-01"]})

        def post_older(self, request):
            # As the first SDKs: a session for whatever comes without one, also when it is then refused.
            session = self.headers["Mcp-Session-Id"]
            if session is None:
                session = f"session-{len(log)}"
                sessions.add(session)
                if request["method"] != "initialize":
                    return self.error(request, 400, -32600, "Bad Request: Missing session ID", Mcp_Session_Id=session)
            elif session not in sessions: return self.reply(404)
            if request["method"] == "initialize":
                assert "MCP-Protocol-Version" not in self.headers
                self.result(request, {"protocolVersion": "2025-06-18", "capabilities": {}}, Mcp_Session_Id=session)
            elif self.headers["MCP-Protocol-Version"] != "2025-06-18": self.reply(400)
            elif "id" not in request: self.reply(202, type=None)
            elif request["method"] == "tools/list": self.result(request, {"tools": tools})
            else: self.error(request, 200, -32601, "Method not found")

        def post_forbidden(self, request): self.reply(403, b"<html>no</html>", "text/html")
        def post_page(self, request): self.reply(200, b"<html>welcome</html>", "text/html")
        def post_huge(self, request): self.reply(200, b" " * 2000000)
        def post_cut(self, request):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
            self.close_connection = True
        def post_sse(self, request): self.reply(405)

        def post_messages(self, request):
            log.append("message " + request["method"])
            self.reply(202, b"Accepted", "text/plain")
            answers = streams[self.path.split("=")[1]]
            if request["method"] == "initialize":
                answers.put({"jsonrpc": "2.0", "id": request["id"], "result": {"protocolVersion": "2024-11-05"}})
            elif request["method"] == "tools/list":
                answers.put({"jsonrpc": "2.0", "id": request["id"], "result": {"tools": tools}})

        def do_DELETE(self):
            log.append("DELETE")
            sessions.discard(self.headers["Mcp-Session-Id"])
            self.reply(200)

        def do_GET(self):
            if self.path == "/log": return self.reply(200, " ".join(log).encode())
            if self.path == "/sessions": return self.reply(200, f"sessions={len(sessions)} streams={len(streams)}".encode())
            if not self.path.startswith("/sse"): return self.reply(405)
            log.append("GET")
            name = str(len(log))
            answers = streams[name] = queue.Queue()
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            try:
                self.wfile.write(f"event: endpoint\ndata: /messages?s={name}\n\n".encode())
                self.connection.settimeout(0.02)
                while True:
                    try: self.wfile.write(f"event: message\ndata: {json.dumps(answers.get(timeout=0.02))}\n\n".encode())
                    except queue.Empty: pass
                    try:
                        if not self.connection.recv(1): break
                    except TimeoutError: pass
            except OSError: pass
            finally: del streams[name]

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(listener.server_address[1], flush=True)
    listener.serve_forever()
    """#

extension RealProcesses {
    @Suite struct MCPHTTPProbeTests {
        let harness: ProbeHarness

        init() throws {
            harness = try ProbeHarness()
        }

        private func result(_ port: UInt16, _ path: String, tools: [String] = []) throws -> ProbeResult {
            let transport = MCPCheck.Transport.http(host: "127.0.0.1", port: port, path: path)
            return try harness.result(of: .mcp(MCPCheck(transport: transport, tools: tools)))
        }

        /// Waits until the server says something.
        private func expect(_ pattern: String, at path: String, _ port: UInt16) throws {
            try harness.loop.poll(until: "\(pattern) at \(path)") {
                try harness.result(of: .http(HTTPCheck(port: port, path: path, body: pattern))) == .passed
            }
        }

        @Test func aStatelessServer() throws {
            let port = try harness.startServer(server).port
            #expect(try result(port, "/stateless", tools: ["query", "stack"]) == .passed)
            try expect("^POST server/discover POST tools/list$", at: "/log", port)
            #expect(
                try result(port, "/stateless", tools: ["drop"])
                    == .failed("the server lacks the tool drop; it has query, stack"))
        }

        @Test func anOlderServerAndItsSessions() throws {
            let port = try harness.startServer(server).port
            #expect(try result(port, "/older", tools: ["query"]) == .passed)
            let said = "POST server/discover POST initialize POST notifications/initialized POST tools/list"
            try expect("^\(said) DELETE DELETE$", at: "/log", port)
            try expect("sessions=0 ", at: "/sessions", port)
            guard case .failed = try result(port, "/older", tools: ["drop"]) else {
                Issue.record("it passed")
                return
            }
            try expect("sessions=0 ", at: "/sessions", port)
        }

        @Test func theOldestTransport() throws {
            let port = try harness.startServer(server).port
            #expect(try result(port, "/sse", tools: ["query"]) == .passed)
            let said = "POST server/discover POST initialize GET message initialize message notifications/initialized"
            try expect("^\(said) message tools/list$", at: "/log", port)
            try expect("streams=0$", at: "/sessions", port)
        }

        @Test(arguments: [
            ("/forbidden", "initialize: HTTP status 403"),
            ("/page", "initialize: HTTP status 200 with text/html that is no answer of MCP"),
            ("/none", "neither POST nor GET gives an MCP endpoint: HTTP status 405"),
            ("/future", "the server speaks only protocol versions 2099-01-01"),
            ("/huge", "the server sent a message longer than 1024 KiB"),
            ("/cut", "the connection was closed in the middle of the response"),
        ])
        func saysWhatIsWrong(path: String, words: String) throws {
            let port = try harness.startServer(server).port
            #expect(try result(port, path) == .failed(words))
        }

        @Test func nobodyListens() throws {
            let idle = try LocalPort(listening: false)
            #expect(
                try result(idle.number, "/mcp")
                    == .failed("connect to 127.0.0.1:\(idle.number): connection refused"))
        }

        @Test func cancelClosesWhatIsOpen() throws {
            let port = try harness.startServer(server).port
            let before = try ProbeHarness.openDescriptors()
            // The tool list of this server never ends its stream, and the pages never hold the tool.
            for path in ["/older", "/sse"] {
                for turns in 0..<40 {
                    let check = MCPCheck(
                        transport: .http(host: "127.0.0.1", port: port, path: path), tools: ["query"])
                    let task = harness.runner.start(.mcp(check)) { _ in }
                    for _ in 0..<turns { try harness.loop.turn(waiting: false) }
                    task.cancel()
                }
            }
            try expect("streams=0$", at: "/sessions", port)
            try harness.loop.poll(until: "all descriptors closed") { try ProbeHarness.openDescriptors() <= before }
        }

        @Test(arguments: [
            ("/messages?s=1", "/sse", "/messages?s=1"), ("messages?s=1", "/a/sse?x=/", "/a/messages?s=1"),
            ("http://localhost:80/m", "/sse", "/m"), ("https://x", "/sse", "/"), ("//x/m", "/sse", "/m"),
            ("?s=1", "/sse", "/?s=1"), ("m", "sse", "/m"),
        ])
        func namesPaths(reference: String, base: String, path: String) {
            #expect(MCPHTTPProbeRun.path(named: reference, from: base) == path)
        }

        @Test func theReferenceImplementation1() throws { try probeTheReferenceImplementation("1.") }

        @Test func theReferenceImplementation2() throws { try probeTheReferenceImplementation("2.") }

        private func probeTheReferenceImplementation(_ version: String) throws {
            let python = try harness.python(with: "mcp", version: version)
            let port = try harness.startServer(python: python, referenceServer(version: version), "http").port
            #expect(try result(port, "/mcp", tools: ["add"]) == .passed)
            #expect(try result(port, "/mcp", tools: ["sub"]) == .failed("the server lacks the tool sub; it has add"))
            try expect("sessions=0$", at: "/sessions", port)
        }

        @Test func theReferenceImplementation1OverEvents() throws { try probeItOverEvents("1.") }

        @Test func theReferenceImplementation2OverEvents() throws { try probeItOverEvents("2.") }

        private func probeItOverEvents(_ version: String) throws {
            let python = try harness.python(with: "mcp", version: version)
            let port = try harness.startServer(python: python, referenceServer(version: version), "sse").port
            #expect(try result(port, "/sse", tools: ["add"]) == .passed)
        }
    }
}
