import Glibc
import Testing

@testable import LinuxRuntime

private let server = """
    import sys
    from concurrent import futures
    import grpc
    from grpc_health.v1 import health, health_pb2, health_pb2_grpc
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    if sys.argv[1] == "health":
        servicer = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        servicer.set("", health_pb2.HealthCheckResponse.SERVING)
        servicer.set("good", health_pb2.HealthCheckResponse.SERVING)
        servicer.set("bad", health_pb2.HealthCheckResponse.NOT_SERVING)
        servicer.set("x" * 300, health_pb2.HealthCheckResponse.SERVING)
    port = server.add_insecure_port(sys.argv[2])
    server.start()
    print(port, flush=True)
    server.wait_for_termination()
    """

extension RealProcesses {
    @Suite struct GRPCHealthProbeTests {
        let harness: ProbeHarness

        init() throws {
            harness = try ProbeHarness()
        }

        private func result(_ port: UInt16, _ service: String = "", host: String = "127.0.0.1") throws -> ProbeResult {
            try harness.result(of: .grpc(GRPCCheck(host: host, port: port, service: service)))
        }

        @Test func theReferenceImplementation() throws {
            let python = try harness.python(with: "grpcio-health-checking")
            let port = try harness.startServer(python: python, server, "health", "127.0.0.1:0").port
            #expect(try result(port) == .passed)
            #expect(try result(port, "good") == .passed)
            #expect(try result(port, String(repeating: "x", count: 300)) == .passed)
            #expect(try result(port, "bad") == .failed("NOT_SERVING, wanted SERVING"))
            guard case .failed(let words) = try result(port, "unknown") else {
                Issue.record("it passed")
                return
            }
            #expect(words.hasPrefix("gRPC status 5 NOT_FOUND"))
            let six = try harness.startServer(python: python, server, "health", "[::1]:0").port
            #expect(try result(six, host: "::1") == .passed)
        }

        @Test func aServerWithoutHealthService() throws {
            let python = try harness.python(with: "grpcio-health-checking")
            let port = try harness.startServer(python: python, server, "none", "127.0.0.1:0").port
            #expect(try result(port) == .failed("gRPC status 12 UNIMPLEMENTED: Method not found!"))
        }

        @Test func aServerOfHTTP1() throws {
            let script = """
                from http.server import HTTPServer, SimpleHTTPRequestHandler
                s = HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
                print(s.server_address[1], flush=True)
                s.serve_forever()
                """
            guard case .failed(let words) = try result(try harness.startServer(script).port) else {
                Issue.record("it passed")
                return
            }
            #expect(words.hasPrefix("not an HTTP/2 server: ") || words == "the connection was closed without an answer")
        }

        @Test func nobodyListens() throws {
            let idle = try LocalPort(listening: false)
            #expect(try result(idle.number) == .failed("connect to 127.0.0.1:\(idle.number): connection refused"))
        }
    }
}
