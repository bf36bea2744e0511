@testable import ControlServer
import Glibc
import Testing

@Suite struct ControlSocketTests {
    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    private func error(_ path: String) -> ControlSocketError? {
        do throws(ControlSocketError) {
            _ = try ControlSocket(path: path)
            return nil
        } catch {
            return error
        }
    }

    private func drop(_ socket: consuming ControlSocket) {}

    /// Leaves a socket file behind as a killed daemon does.
    private func bindAndDie(_ path: String) throws {
        var socket = try ControlSocket(path: path)
        let copy = "\(path).copy"
        try #require(link(path, copy) == 0)
        guard let descriptor = socket.takeDescriptor() else { throw TestFailure("it has no descriptor") }
        close(descriptor)
        drop(socket)
        try #require(rename(copy, path) == 0)
    }

    @Test func onlyItsOwnerCanReachIt() async throws {
        try await withTemporaryDirectory { directory in
            let socket = try ControlSocket(path: "\(directory)/run/control.sock")
            #expect(mode("\(directory)/run") == 0o700)
            #expect(mode(socket.path) == 0o600)
            _ = try RawConnection(socket.path)
        }
    }

    /// `/run`, or a directory that somebody made for more than this, must not be closed or opened on the way.
    @Test func aDirectoryThatIsNotItsOwnKeepsItsMode() async throws {
        try await withTemporaryDirectory { directory in
            let run = "\(directory)/run"
            try #require(mkdir(run, 0o755) == 0)
            for directoryMode in [mode_t(0o755), 0o750] {
                try #require(chmod(run, directoryMode) == 0)
                let socket = try ControlSocket(path: "\(run)/control.sock")
                for (isShared, socketMode) in [(true, mode_t(0o666)), (false, 0o600)] {
                    try socket.open(toOthers: isShared)
                    #expect(mode(run) == directoryMode)
                    #expect(mode(socket.path) == socketMode)
                }
                drop(socket)
            }
        }
    }

    /// What a service manager hands over is its own: the name stays, and another daemon finds it taken.
    @Test func anInheritedSocketKeepsItsName() async throws {
        try await withTemporaryDirectory { directory in
            var bound = try ControlSocket(path: "\(directory)/control.sock")
            guard let descriptor = bound.takeDescriptor() else { throw TestFailure("it has no descriptor") }
            let copy = dup(descriptor)
            close(descriptor)
            let inherited = try ControlSocket(inherited: copy)
            #expect(inherited.path == bound.path)
            #expect(fcntl(copy, F_GETFL) & O_NONBLOCK != 0)
            try inherited.open(toOthers: true)
            #expect(mode(bound.path) == 0o666)
            drop(inherited)
            #expect(mode(bound.path) == 0o600)
        }
    }

    @Test func whatDoesNotListenIsNotTaken() throws {
        for type in [SOCK_STREAM, SOCK_DGRAM] {
            let descriptor = socket(AF_UNIX, Int32(type.rawValue), 0)
            let inode = inode(of: descriptor)
            let error = #expect(throws: ControlSocketError.self) { _ = try ControlSocket(inherited: descriptor) }
            #expect(error?.code == .notListening)
            // Another test may have the number by now.
            #expect(self.inode(of: descriptor) != inode, "it is closed")
        }
    }

    /// Of what is open under the number; nil where nothing is.
    private func inode(of descriptor: Int32) -> ino_t? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.st_ino : nil
    }

    @Test func aDirectoryThatOthersCanWriteToIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            let run = "\(directory)/run"
            try #require(mkdir(run, 0o700) == 0)
            for forbidden in [mode_t(0o720), 0o702, 0o1777] {
                try #require(chmod(run, forbidden) == 0)
                #expect(error("\(run)/control.sock")?.code == .notPrivate)
            }
            try #require(chmod(run, 0o755) == 0)
            #expect(error("\(run)/control.sock") == nil)
        }
    }

    @Test func aLinkToADirectoryIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            let link = "\(directory)/link"
            try #require(symlink(directory, link) == 0)
            defer { unlink(link) }
            #expect(error("\(link)/control.sock")?.code == .notPrivate)
            #expect(error("\(link)/control.sock")?.path == link)
        }
    }

    @Test func itsNameGoesWithIt() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/run/control.sock"
            let socket = try ControlSocket(path: path)
            drop(socket)
            #expect(mode(path) == nil)
            #expect(error(path) == nil)
        }
    }

    @Test func aSecondDaemonIsRefusedAndTheFirstIsUnharmed() async throws {
        try await withTemporaryDirectory { directory in
            let socket = try ControlSocket(path: "\(directory)/run/control.sock")
            #expect(error(socket.path)?.code == .inUse)
            #expect(error(socket.path)?.description == "another daemon listens on \(socket.path)")
            _ = try RawConnection(socket.path)
        }
    }

    @Test func aListenerWithoutTheLockIsRefusedToo() async throws {
        try await withTemporaryDirectory { directory in
            let socket = try ControlSocket(path: "\(directory)/run/control.sock")
            unlink("\(socket.path).lock")
            #expect(error(socket.path)?.code == .inUse)
            _ = try RawConnection(socket.path)
        }
    }

    @Test func theSocketOfADeadDaemonIsReplaced() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/run/control.sock"
            try bindAndDie(path)
            #expect(throws: TestFailure.self) { try RawConnection(path) }
            let socket = try ControlSocket(path: path)
            _ = try RawConnection(socket.path)
        }
    }

    @Test func whatIsNoSocketIsLeftAlone() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/run/control.sock"
            try #require(mkdir("\(directory)/run", 0o700) == 0)
            close(open(path, O_CREAT | O_WRONLY, 0o644))
            #expect(error(path)?.code == .notASocket)
            #expect(mode(path) == 0o644)
        }
    }

    @Test func failuresNameWhatFailed() async throws {
        try await withTemporaryDirectory { directory in
            let long = "\(directory)/\(String(repeating: "x", count: 108))"
            #expect(error(long)?.code == .pathTooLong)
            let absent = error("\(directory)/absent/run/control.sock")
            #expect(absent?.code == .system)
            #expect(absent?.errno == ENOENT)
            #expect(absent?.description == "mkdir \(directory)/absent/run: No such file or directory")
        }
    }
}
