import Glibc
import Testing

@testable import LinuxRuntime

/// One thread a connection; the path says how to misbehave.
private let server = #"""
    import socket, struct, sys, threading, time
    family = socket.AF_INET6 if len(sys.argv) > 1 else socket.AF_INET
    listener = socket.create_server(("::1" if len(sys.argv) > 1 else "127.0.0.1", 0), family=family, backlog=64)
    print(listener.getsockname()[1], flush=True)
    drips = 0

    def answer(body, status="200 OK", length=True):
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n"
        return (head + (f"Content-Length: {len(body)}\r\n" if length else "") + "\r\n").encode() + body

    def serve(c):
        global drips
        request = b""
        while b"\r\n\r\n" not in request:
            piece = c.recv(4096)
            if not piece: return
            request += piece
        path = request.split(b" ")[1].decode()
        if path == "/ok": c.sendall(answer(b"status: ok\nend\n"))
        elif path.startswith("/status/"): c.sendall(answer(b"", path[8:] + " Some Reason"))
        elif path == "/echo": c.sendall(answer(request))
        elif path == "/chunked":
            c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in (b"status", b": o", b"k\nend\n"):
                for byte in b"%x\r\n%s\r\n" % (len(piece), piece): c.send(bytes([byte]))
            c.sendall(b"0\r\n\r\n")
        elif path == "/close": c.sendall(answer(b"status: ok\nend\n", length=False))
        elif path == "/garbage": c.sendall(bytes(range(128, 256)) * 100)
        elif path == "/ssh": c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        elif path == "/cut": c.sendall(answer(b"status: ok\nend\n" * 10)[:-20])
        elif path == "/nothing": pass
        elif path == "/reset":
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif path == "/headers":
            c.sendall(b"HTTP/1.1 200 OK\r\n")
            while True: c.sendall(b"X: y\r\n" * 1000)
        elif path.startswith("/endless/"):
            c.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + path[9:].encode())
            while True: c.sendall(b"0123456789abcdef" * 1000)
        elif path == "/drips": c.sendall(answer(str(drips).encode()))
        elif path == "/drip":
            drips += 1
            first = True
            try:
                while True:
                    c.sendall(b"HTTP/1.1 200 OK\r\nX: " if first else b"y")
                    first = False
                    c.settimeout(0.02)
                    try:
                        if not c.recv(1): break
                    except TimeoutError: pass
            finally: drips -= 1

    def guarded(c):
        try: serve(c)
        except OSError: pass
        finally: c.close()

    while True:
        c, _ = listener.accept()
        threading.Thread(target=guarded, args=(c,), daemon=True).start()
    """#

extension RealProcesses {
    @Suite struct HTTPProbeTests {
        let harness: ProbeHarness
        let port: UInt16

        init() throws {
            harness = try ProbeHarness()
            port = try harness.startServer(server).port
        }

        private func get(
            _ path: String, host: String = "127.0.0.1", headers: [(name: String, value: String)] = [],
            status: [ClosedRange<Int>] = [200...399], body: String? = nil
        ) throws -> ProbeResult {
            try harness.result(
                of: .http(HTTPCheck(host: host, port: port, path: path, headers: headers, status: status, body: body)))
        }

        @Test func passesByStatus() throws {
            #expect(try get("/ok") == .passed)
            #expect(try get("/ok", host: "localhost") == .passed)
            #expect(try get("/status/301") == .passed)
            #expect(try get("/status/503") == .failed("HTTP status 503, wanted 200-399"))
            #expect(try get("/status/404", status: [200...299, 404...404]) == .passed)
            #expect(
                try get("/status/204", status: [200...200, 404...404]) == .failed("HTTP status 204, wanted 200, 404"))
        }

        @Test(arguments: ["/ok", "/chunked", "/close"]) func passesByBody(path: String) throws {
            #expect(try get(path, body: "^status: (ok|fine)$") == .passed)
            #expect(
                try get(path, body: "^status: bad")
                    == .failed("the body does not match ^status: bad; it begins: status: ok"))
        }

        @Test func anEmptyBodyIsNamed() throws {
            #expect(try get("/status/200", body: "x") == .failed("the body does not match x; it is empty"))
            #expect(try get("/ok", body: "(") == .failed("regular expression (: Unmatched ( or \\("))
        }

        @Test func sendsWhatItIsTold() throws {
            for line in ["GET /echo HTTP/1\\.1", "Host: 127\\.0\\.0\\.1:\(port)", "Connection: close", "X-Mine: a b"] {
                #expect(try get("/echo", headers: [("X-Mine", "a b")], body: "^\(line).$") == .passed)
            }
            #expect(try get("/echo", headers: [("host", "example.org")], body: "^host: example.org.$") == .passed)
            #expect(
                try get("/echo", headers: [("X", "a\r\nY: b")]) == .failed("the header X cannot be sent"))
        }

        @Test func encodesThePath() throws {
            let request = HTTPRequest(host: "::1", port: 80, target: "a b?ü=1")
            let text = String(decoding: try request.encoded(), as: UTF8.self)
            #expect(text.hasPrefix("GET /a%20b?%C3%BC=1 HTTP/1.1\r\nHost: [::1]:80\r\n"))
        }

        @Test(arguments: [
            ("/ssh", "not an HTTP/1 response: SSH-2.0-OpenSSH_9.2"),
            ("/nothing", "the connection was closed without a response"),
            ("/cut", "the connection was closed in the middle of the response"),
            ("/headers", "the response's header is longer than 32 KiB"),
        ])
        func namesBrokenServers(path: String, words: String) throws {
            #expect(try get(path, body: "needle") == .failed(words))
        }

        @Test func survivesGarbageAndResets() throws {
            for path in ["/garbage", "/reset"] {
                guard case .failed(let words) = try get(path) else {
                    Issue.record("\(path) passed")
                    continue
                }
                #expect(words.utf8.count < 1000)
            }
        }

        @Test func looksAtNoMoreThanTheFirst64KiB() throws {
            #expect(try get("/endless/needle", body: "^needle") == .passed)
            #expect(
                try get("/endless/needle", body: "absent")
                    == .failed(
                        "the body does not match absent; it begins: needle0123456789abcdef0123456789abcdef0123456789abcdef012345…"
                    ))
            #expect(try get("/endless/x") == .passed)
        }

        @Test func refusesNames() throws {
            #expect(
                try get("/ok", host: "example.org") == .failed("example.org is neither an IP address nor localhost"))
        }

        @Test func cancelClosesTheConnection() throws {
            let before = try ProbeHarness.openDescriptors()
            let task = harness.runner.start(.http(HTTPCheck(port: port, path: "/drip"))) { result in
                Issue.record("a cancelled probe reported \(result)")
            }
            func drips(_ count: String) throws -> Bool { try get("/drips", body: "^\(count)$") == .passed }
            try harness.loop.poll(until: "the server's dripping") { try drips("1") }
            task.cancel()
            #expect(try ProbeHarness.openDescriptors() == before)
            try harness.loop.poll(until: "the server's rest") { try drips("0") }
            task.cancel()
        }

        @Test func cancelBeforeItBegins() throws {
            let task = harness.runner.start(.http(HTTPCheck(port: port))) { result in
                Issue.record("a cancelled probe reported \(result)")
            }
            task.cancel()
            for _ in 0..<10 { try harness.loop.turn(waiting: false) }
        }

        @Test func speaksIPv6() throws {
            let six = try harness.startServer(server, "6").port
            for host in ["::1", "[::1]", "localhost"] {
                #expect(try harness.result(of: .http(HTTPCheck(host: host, port: six, path: "/ok"))) == .passed)
            }
        }

        @Test func leavesNoDescriptors() throws {
            let before = try ProbeHarness.openDescriptors()
            for path in ["/ok", "/garbage", "/cut", "/reset", "/headers", "/endless/x"] { _ = try get(path, body: "x") }
            #expect(try ProbeHarness.openDescriptors() == before)
        }
    }
}
