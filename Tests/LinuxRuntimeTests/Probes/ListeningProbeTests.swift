import Glibc
import Testing

@testable import LinuxRuntime

private let listener = """
    import socket, sys, time
    six = len(sys.argv) > 1
    s = socket.create_server(("::" if six else "127.0.0.1", 0), family=socket.AF_INET6 if six else socket.AF_INET)
    print(s.getsockname()[1], flush=True)
    time.sleep(1000)
    """

extension RealProcesses {
    @Suite struct ListeningProbeTests {
        let harness: ProbeHarness

        init() throws {
            harness = try ProbeHarness()
        }

        private func result(_ port: UInt16, members: [Int32]) throws -> ProbeResult {
            try harness.result(of: .listening(ListeningCheck(port: port) { () throws(SystemError) in members }))
        }

        @Test func passesForAMembersSocket() throws {
            let server = try harness.startServer(listener)
            #expect(try result(server.port, members: [server.pid]) == .passed)
            #expect(try result(server.port, members: [1, getpid(), server.pid]) == .passed)
            let six = try harness.startServer(listener, "6")
            #expect(try result(six.port, members: [six.pid]) == .passed)
        }

        @Test func namesAStranger() throws {
            let server = try harness.startServer(listener)
            let name = try contents("/proc/\(server.pid)/comm").dropLast()
            let words =
                "no process of this instance listens on port \(server.port); it is bound by pid \(server.pid) (\(name))"
            #expect(try result(server.port, members: []) == .failed(words))
            // A pid that has gone, and one that has other sockets.
            #expect(try result(server.port, members: [Int32.max, getpid()]) == .failed(words))
        }

        @Test func saysThatNobodyListens() throws {
            let idle = try LocalPort(listening: false)
            // Bound is not listening.
            #expect(try result(idle.number, members: [getpid()]) == .failed("nobody listens on port \(idle.number)"))
        }

        @Test func passesOnAMembersFailure() throws {
            let taken = try LocalPort(listening: true)
            let check = ListeningCheck(port: taken.number) { () throws(SystemError) in
                throw SystemError(errno: EACCES, operation: "read members")
            }
            #expect(try harness.result(of: .listening(check)) == .failed("read members: Permission denied"))
        }

        @Test func searchesPieceByPiece() throws {
            let server = try harness.startServer(listener)
            var search = SocketOwnerSearch(
                for: try ListeningSockets.on(port: server.port), among: [getpid(), server.pid])
            for piece in 0..<10_000 {
                switch search.proceed(budget: 1) {
                case .unfinished: continue
                case .notFound: Issue.record("not found")
                case .found(let pid):
                    #expect(pid == server.pid)
                    #expect(piece > 3)
                }
                return
            }
            Issue.record("the search does not end")
        }

        @Test func theTableInProcSaysTheSame() throws {
            let four = try harness.startServer(listener)
            let six = try harness.startServer(listener, "6")
            for (port, table) in [(four.port, "/proc/net/tcp"), (six.port, "/proc/net/tcp6")] {
                let sockets = try ListeningSockets.on(port: port)
                #expect(sockets.count == 1)
                #expect(sockets.first?.user == geteuid())
                #expect(try ListeningSockets.table(table, port) == sockets)
            }
        }
    }
}
