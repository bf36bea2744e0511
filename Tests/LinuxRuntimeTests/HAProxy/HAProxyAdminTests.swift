import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct HAProxyAdminTests {
    /// A server that answers as HAProxy does, or as the test wants it to.
    private final class FakeHAProxy {
        let path: String
        private let loop: EventLoop
        private let listener: Descriptor
        private var registration: EventLoop.Registration?
        private var client: Descriptor?
        private var clientRegistration: EventLoop.Registration?
        private var pending: [UInt8] = []
        private(set) var commands: [String] = []
        /// What is written in answer to a command; nil is nothing.
        var answer: (String) -> String? = { command in command == "prompt" ? "\n> " : "did \(command)\n\n> " }

        init(_ directory: TemporaryDirectory, _ loop: EventLoop) throws {
            self.loop = loop
            path = "\(directory.path)/socket"
            listener = try Descriptor.socket(AF_UNIX, SOCK_STREAM, nonBlocking: true)
            try checkLibc(SocketAddress(unix: path).bind(listener.number), "bind")
            try checkLibc(listen(listener.number, 8), "listen")
            registration = try loop.register(listener.number, for: .readable) { [unowned self] _ in take() }
        }

        deinit {
            hangUp()
            if let registration { loop.deregister(registration) }
        }

        func hangUp() {
            if let clientRegistration { loop.deregister(clientRegistration) }
            clientRegistration = nil
            client = nil
        }

        private func take() {
            let number = accept(listener.number, nil, nil)
            guard number >= 0 else { return }
            client = .some(Descriptor(owning: number))
            clientRegistration = try? loop.register(number, for: .readable) { [unowned self] _ in read() }
        }

        private func read() {
            guard let number = client?.number else { return }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return hangUp() }
            pending += buffer.prefix(count)
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let command = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeFirst(end + 1)
                commands.append(command)
                if let text = answer(command) { write(text) }
            }
        }

        func write(_ text: String) {
            guard let number = client?.number else { return }
            let count = Array(text.utf8).withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, 0) }
            #expect(count == text.utf8.count)
        }
    }

    private let loop: EventLoop
    private let directory: TemporaryDirectory

    init() throws {
        loop = try EventLoop()
        directory = try TemporaryDirectory()
    }

    private func text(_ answer: ArraySlice<UInt8>?) -> String? { answer.map { String(decoding: $0, as: UTF8.self) } }

    /// A client that is connected.
    private func connected(_ server: FakeHAProxy, onLost: @escaping (String) -> Void = { _ in }) throws -> HAProxyAdmin
    {
        var isOpen = false
        let admin = HAProxyAdmin(path: server.path, loop: loop, onOpen: { isOpen = true }, onLost: onLost)
        #expect(!admin.isOpen)
        try loop.run(until: "connected") { isOpen }
        return admin
    }

    @Test func commandsAreAnsweredInTheirOrder() throws {
        let server = try FakeHAProxy(directory, loop)
        let admin = try connected(server)
        var answers: [String?] = []
        // More than are on their way at once.
        for number in 0..<300 { admin.send("c\(number)") { answers.append(text($0)) } }
        try loop.run(until: "answered") { answers.count == 300 }
        #expect(answers == (0..<300).map { "did c\($0)" })
        #expect(server.commands == ["prompt"] + (0..<300).map { "c\($0)" })
        admin.close()
    }

    @Test func anAnswerMayComeInPartsAndHaveManyLines() throws {
        let server = try FakeHAProxy(directory, loop)
        let admin = try connected(server)
        server.answer = { _ in nil }
        var answers: [String?] = []
        for command in ["a", "b"] { admin.send(command) { answers.append(text($0)) } }
        try loop.run(until: "both have arrived") { server.commands.count == 3 }
        for part in ["one\n", ">two\n\nthree\n", "\n", ">", " four\n", "\n> "] {
            server.write(part)
            try loop.turn(waiting: true)
        }
        #expect(answers == ["one\n>two\n\nthree", "four"])
        admin.close()
    }

    @Test func anEmptyAnswerIsEmpty() throws {
        let server = try FakeHAProxy(directory, loop)
        let admin = try connected(server)
        server.answer = { _ in "\n> " }
        var answer: String?
        admin.send("set weight b/s 1") { answer = text($0) }
        try loop.run(until: "answered") { answer != nil }
        #expect(answer == "")
        admin.close()
    }

    @Test func whatWasNotAnsweredIsSaidSoWhenTheConnectionIsLost() throws {
        let server = try FakeHAProxy(directory, loop)
        var losses: [String] = []
        let admin = try connected(server) { losses.append($0) }
        server.answer = { _ in nil }
        var answers: [String?] = []
        for number in 0..<100 { admin.send("c\(number)") { answers.append(text($0)) } }
        try loop.run(until: "the first have arrived") { server.commands.contains("c0") }
        server.hangUp()
        try loop.run(until: "the loss is told") { !losses.isEmpty }
        #expect(answers == [String?](repeating: nil, count: 100))
        #expect(losses.count == 1)
        #expect(!admin.isOpen)
        var late: String?? = .none
        admin.send("late") { late = .some(text($0)) }
        #expect(late == .some(nil))
    }

    @Test func noHAProxyIsALossToo() throws {
        var losses: [String] = []
        let admin = HAProxyAdmin(
            path: "\(directory.path)/nothing", loop: loop, onOpen: { Issue.record("opened") },
            onLost: { losses.append($0) })
        #expect(losses.isEmpty)
        try loop.run(until: "the loss is told") { !losses.isEmpty }
        #expect(losses[0].contains("no such file"))
        admin.close()
    }

    @Test func afterItWasClosedNothingIsToldButWhatWaited() throws {
        let server = try FakeHAProxy(directory, loop)
        let admin = try connected(server) { Issue.record("lost: \($0)") }
        server.answer = { _ in nil }
        var answers: [String?] = []
        admin.send("a") { answers.append(text($0)) }
        admin.close()
        #expect(answers == [nil])
        try loop.turn(waiting: false)
        #expect(answers == [nil])
    }
}
