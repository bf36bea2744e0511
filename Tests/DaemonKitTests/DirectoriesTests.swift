import ControlProtocol
import Glibc
import LinuxRuntime
import StackModel
import Testing

@testable import DaemonKit

@Suite struct DirectoriesTests {
    private let temporary: TemporaryDirectory
    private let configuration: DaemonConfiguration

    init() throws {
        temporary = try TemporaryDirectory()
        configuration = Self.configuration(temporary, state: "state")
    }

    private static func configuration(_ temporary: TemporaryDirectory, state: String) -> DaemonConfiguration {
        // An ordinary user's paths are free to choose, for root too.
        let environment = [
            "XDG_RUNTIME_DIR": "\(temporary.path)/run", "XDG_STATE_HOME": "\(temporary.path)/\(state)",
        ]
        return DaemonConfiguration(
            stack: StackSpec(name: "shop", directory: "/", services: []), files: [],
            paths: StackPaths(name: "shop", environment: environment, uid: 1), environment: environment)
    }

    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    @Test func madeTwiceTheyAreTheSame() throws {
        let isRoot = geteuid() == 0
        for _ in 1...2 {
            try configuration.makeDirectories()
            #expect(mode(configuration.paths.runDirectory) == (isRoot ? 0o1777 : 0o700))
            #expect(mode(configuration.notifyDirectory) == (isRoot ? 0o711 : 0o700))
            #expect(mode(configuration.controlDirectory) == 0o700)
            #expect(mode(configuration.paths.stateDirectory) == (isRoot ? 0o755 : 0o700))
            #expect(mode(configuration.logDirectory) == 0o750)
        }
    }

    @Test(arguments: [\DaemonConfiguration.notifyDirectory, \.controlDirectory, \.logDirectory])
    func aLinkInTheirPlaceIsRefused(_ directory: any KeyPath<DaemonConfiguration, String> & Sendable) throws {
        try configuration.makeDirectories()
        let path = configuration[keyPath: directory]
        let target = "\(temporary.path)/target"
        try #require(mkdir(target, 0o700) == 0)
        try #require(rmdir(path) == 0)
        try #require(symlink(target, path) == 0)
        #expect(throws: SystemError.self) { try configuration.makeDirectories() }
        #expect(mode(target) == 0o700)
    }

    @Test func oneThatOthersCanWriteToIsRefused() throws {
        try configuration.makeDirectories()
        for forbidden in [mode_t(0o720), 0o702, 0o1777] {
            try #require(chmod(configuration.controlDirectory, forbidden) == 0)
            #expect(throws: SystemError.self) { try configuration.makeDirectories() }
            #expect(mode(configuration.controlDirectory) == forbidden)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a directory away"))
    func oneOfAnotherUserIsRefused() throws {
        try configuration.makeDirectories()
        try #require(chown(configuration.notifyDirectory, 1, 1) == 0)
        #expect(throws: SystemError.self) { try configuration.makeDirectories() }
    }

    @Test func anotherDaemonOfTheStackIsRefused() throws {
        try configuration.makeDirectories()
        let locks = try configuration.takeLocks()
        let path = "\(configuration.paths.stateDirectory)/lock"
        #expect(throws: StackLockError(stack: "shop", path: path)) { try configuration.takeLocks() }
        // Even one that keeps its state elsewhere: what it would end as leftovers is the same.
        let other = Self.configuration(temporary, state: "elsewhere")
        try other.makeDirectories()
        let controlLock = "\(configuration.controlDirectory)/lock"
        #expect(throws: StackLockError(stack: "shop", path: controlLock)) { try other.takeLocks() }
        withExtendedLifetime(locks) {}
    }

    @Test func theLocksEndWithTheDaemon() throws {
        try configuration.makeDirectories()
        for _ in 1...2 { _ = try configuration.takeLocks() }
    }

    @Test func theRefusalSaysWhatToDo() {
        let text = StackLockError(stack: "shop", path: "/var/lib/stackd/shop/lock").description
        for part in ["stack shop", "/var/lib/stackd/shop/lock", "stackctl down"] { #expect(text.contains(part)) }
    }
}
