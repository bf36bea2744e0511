import Glibc
import Testing

@testable import LinuxRuntime

extension RealProcesses {
    @Suite struct ConnectProbeTests {
        let harness: ProbeHarness

        init() throws {
            harness = try ProbeHarness()
        }

        @Test func tcp() throws {
            let taken = try LocalPort(listening: true)
            #expect(try harness.result(of: .tcp(host: "127.0.0.1", port: taken.number)) == .passed)
            #expect(try harness.result(of: .tcp(host: "localhost", port: taken.number)) == .passed)
            let idle = try LocalPort(listening: false)
            #expect(
                try harness.result(of: .tcp(host: "127.0.0.1", port: idle.number))
                    == .failed("connect to 127.0.0.1:\(idle.number): connection refused"))
            #expect(
                try harness.result(of: .tcp(host: "localhost", port: idle.number))
                    == .failed("connect to [::1]:\(idle.number): connection refused"))
        }

        /// A client that gets the very port it connects to is connected to itself, and may take itself for a server
        /// that has not bound its port yet.
        @Test func isNotItsOwnServer() throws {
            let range = try contents("/proc/sys/net/ipv4/ip_local_port_range").split { $0 == "\t" || $0 == "\n" }
            let port = try #require(range.first.flatMap { UInt16($0) })
            // The kernel takes ports of one parity in turn, so that half the range is enough; both parities are tried.
            let attempts = Int(try #require(range.last.flatMap { UInt16($0) }) - port) / 2 + 1
            let candidates: [UInt16] = [port, port + 1]
            for candidate in candidates {
                var passed = 0
                var done = 0
                func next() {
                    guard done < min(attempts, 20_000) else { return }
                    harness.runner.start(.tcp(host: "127.0.0.1", port: candidate)) { result in
                        done += 1
                        if result == .passed { passed += 1 }
                        next()
                    }
                }
                next()
                try harness.loop.run(until: "all attempts") { done == min(attempts, 20_000) }
                #expect(passed == 0)
            }
        }

        @Test func unix() throws {
            let path = "\(harness.directory.path)/socket"
            #expect(
                try harness.result(of: .unix(path: path)) == .failed("connect to \(path): no such file or directory"))
            let listener = try Descriptor.socket(AF_UNIX, SOCK_STREAM)
            #expect(try SocketAddress(unix: path).bind(listener.number) == 0)
            #expect(try harness.result(of: .unix(path: path)) == .failed("connect to \(path): connection refused"))
            #expect(listen(listener.number, 0) == 0)
            #expect(try harness.result(of: .unix(path: path)) == .passed)
            // The one place of the queue is taken by the connection that nobody has accepted yet.
            #expect(
                try harness.result(of: .unix(path: path))
                    == .failed("connect to \(path): its queue of connections is full"))
            let long = "/" + String(repeating: "x", count: 200)
            #expect(try harness.result(of: .unix(path: long)) == .failed("the path \(long) is too long for a socket"))
        }
    }
}
