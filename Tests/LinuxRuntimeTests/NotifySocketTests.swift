import CLinux
import Glibc
import Testing

@testable import LinuxRuntime

extension RealProcesses {
    @Suite struct NotifySocketTests {
        let harness: Harness
        let directory: TemporaryDirectory

        init() throws {
            harness = try Harness()
            directory = try TemporaryDirectory()
        }

        private static let send = """
            import os, socket, sys, time
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.connect(os.environ["NOTIFY_SOCKET"])
            """

        private func python(_ script: String, socket: NotifySocket) -> SpawnRequest {
            let path = getenv("PATH").map { String(cString: $0) } ?? SpawnRequest.defaultPath
            let environment: Environment = ["PATH": path, "NOTIFY_SOCKET": socket.path]
            return SpawnRequest(
                arguments: ["python3", "-c", NotifySocketTests.send + "\n" + script], environment: environment)
        }

        @Test func believesMembersAndNoOtherRunningProcess() throws {
            var members: Set<Int32> = []
            var heard: [(String, Int32)] = []
            let socket = try NotifySocket(id: "a", directory: directory.path, loop: harness.loop) { pid in
                members.contains(pid)
            } onMessage: { message, sender in
                heard.append((message.status ?? "", sender.pid))
            }
            // Both say something and stay; only one is a member.
            let script =
                "s.send(b'STATUS=%d' % os.getpid()); print('sent', flush=True); time.sleep(1000)"
            var request = python(script, socket: socket)
            let member = try harness.start(request)
            members.insert(member.pid)
            let answers = try Pipe()
            request.standardOutput = answers.writer.number
            let stranger = try harness.start(request)
            try harness.loop.poll(until: "both to have spoken") { try !available(answers.reader).isEmpty }
            try harness.loop.run(until: "the member's message") { !heard.isEmpty }
            socket.receive()
            #expect(heard.map(\.1) == [member.pid])
            #expect(heard.first?.0 == String(member.pid))
            for process in [member, stranger] { try process.signal(SIGKILL) }
            try harness.loop.run(until: "both exits") { member.status != nil && stranger.status != nil }
        }

        @Test func believesASenderThatHasEnded() throws {
            var heard: [NotifyMessage] = []
            let socket = try NotifySocket(id: "a", directory: directory.path, loop: harness.loop) { _ in
                false
            } onMessage: { message, _ in
                heard.append(message)
            }
            // Not received before its end: the loop does not run meanwhile.
            let process = try harness.spawner.spawn(python("s.send(b'READY=1')", socket: socket))
            var exit = clinux_exit()
            while clinux_wait_pidfd(process.pidfd.number, &exit) == 0 {
                var poll = pollfd(fd: process.pidfd.number, events: Int16(POLLIN), revents: 0)
                _ = Glibc.poll(&poll, 1, 10_000)
            }
            socket.receive()
            #expect(heard.map(\.isReady) == [true])
        }

        @Test func closesDescriptorsThatAreSentAlong() throws {
            var count = 0
            let socket = try NotifySocket(id: "a", directory: directory.path, loop: harness.loop) { _ in
                true
            } onMessage: { _, _ in
                count += 1
            }
            let before = try openDescriptors()
            let script = """
                for _ in range(5): socket.send_fds(s, [b"FDSTORE=1"], [0, 1, 2])
                """
            #expect(try harness.output(of: python(script, socket: socket)).status == .exited(code: 0))
            try harness.loop.run(until: "all messages") { count == 5 }
            #expect(try openDescriptors() == before)
        }

        private func openDescriptors() throws -> Int {
            try ProcFile.names(in: try Descriptor.open("/proc/self/fd", flags: O_RDONLY | O_DIRECTORY)).count
        }

        @Test func dropsAMessageThatIsTooLongAndHearsTheNext() throws {
            var heard: [NotifyMessage] = []
            let socket = try NotifySocket(id: "a", directory: directory.path, loop: harness.loop) { _ in
                true
            } onMessage: { message, _ in
                heard.append(message)
            }
            let script = "s.send(b'READY=1\\nSTATUS=' + b'x' * 9000); s.send(b'STOPPING=1')"
            #expect(try harness.output(of: python(script, socket: socket)).status == .exited(code: 0))
            try harness.loop.run(until: "the second message") { !heard.isEmpty }
            #expect(heard.map(\.isReady) == [false] && heard[0].isStopping)
        }

        @Test func itsNameIsShortHoweverLongTheInstancesIs() throws {
            let id = String(repeating: "9", count: 200)
            let socket = try NotifySocket(id: id, directory: directory.path, loop: harness.loop) { _ in
                true
            } onMessage: { _, _ in
            }
            #expect(socket.path.utf8.count <= directory.path.utf8.count + 1 + 13)
        }

        @Test func itsFileGoesWithIt() throws {
            var socket: NotifySocket? = try NotifySocket(id: "a", directory: directory.path, loop: harness.loop) { _ in
                true
            } onMessage: { _, _ in
            }
            let path = try #require(socket?.path)
            #expect(access(path, F_OK) == 0)
            socket = nil
            #expect(access(path, F_OK) != 0)
        }
    }
}
