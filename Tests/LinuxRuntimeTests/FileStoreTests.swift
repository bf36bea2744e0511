import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct FileStoreTests {
    private let directory: TemporaryDirectory
    private let digests = FileDigests()

    init() throws {
        directory = try TemporaryDirectory()
    }

    private var storePath: String { "\(directory.path)/programs" }

    private func version(_ path: String) throws -> FileStore.Version {
        FileStore.Version(path: path, digest: try digests.digest(of: path))
    }

    /// What a keeper tells of an order.
    private func reports(_ versions: Set<FileStore.Version>) -> [FileStore.Report] {
        var reports: [FileStore.Report] = []
        FileKeeper(directory: storePath, digests: digests) { reports.append($0) }.take([.keep(versions)])
        return reports
    }

    private func entries() throws -> [String] {
        try ProcFile.names(in: try Descriptor.open(storePath, flags: O_RDONLY | O_DIRECTORY)).sorted()
    }

    // MARK: Digests

    @Test func aFileIsReadOnceUntilItIsChanged() throws {
        let path = try directory.write("program", "one")
        #expect(digests.known(path) == .unread)
        let digest = try digests.digest(of: path)
        #expect(digests.known(path) == .digest(digest))
        // In place, of the same size, and at once.
        try directory.write("program", "two")
        #expect(digests.known(path) == .unread)
        let changed = try digests.digest(of: path)
        #expect(changed != digest)
        try directory.write("program", "one")
        #expect(try digests.digest(of: path) == digest)
        unlink(path)
        #expect(digests.known(path) == .none)
        #expect(throws: SystemError.self) { try digests.digest(of: path) }
        #expect(throws: SystemError.self) { try digests.digest(of: directory.path) }
    }

    @Test func aFileOfAnyLengthIsReadWhole() throws {
        let text = String(repeating: "0123456789", count: 100_003)
        let first = try digests.digest(of: try directory.write("a", text))
        #expect(try digests.digest(of: try directory.write("b", text)) == first)
        #expect(try digests.digest(of: try directory.write("c", text + "!")) != first)
    }

    @Test func aFileMayClaimAnyTime() throws {
        let path = try directory.write("program", "one")
        let far = timespec(tv_sec: 15_000_000_000, tv_nsec: 0)
        try #require(utimensat(AT_FDCWD, path, [far, far], 0) == 0)
        #expect(digests.known(path) == .unread)
        let digest = try digests.digest(of: path)
        #expect(digests.known(path) == .digest(digest))
    }

    // MARK: Copies

    @Test func aCopyHasTheContentTheNameAndTheRightsOfItsFileButSetUserID() throws {
        let path = try directory.write("program", "#!/bin/sh\necho one\n", mode: 0o755)
        if isRoot { #expect(chown(path, 1234, 4321) == 0) }
        #expect(chmod(path, 0o6755) == 0)
        let version = try version(path)
        guard case .kept(version, let copy)? = reports([version]).first else {
            Issue.record("not kept")
            return
        }
        let entry = isRoot ? "\(version.digest)-1234" : version.digest.description
        #expect(copy == "\(storePath)/\(entry)/program")
        var status = stat()
        #expect(stat(copy, &status) == 0 && status.st_mode & 0o7777 == 0o555)
        if isRoot { #expect(status.st_uid == 1234 && status.st_gid == 4321) }
        #expect(stat(storePath, &status) == 0 && status.st_mode & 0o777 == (isRoot ? 0o711 : 0o700))
        // What is done to the file is not done to its copy.
        try directory.write("program", "other")
        #expect(try contents(copy) == "#!/bin/sh\necho one\n")
        // A later daemon finds it, though its file is not that any more.
        guard case .kept(_, copy)? = reports([version]).first else {
            Issue.record("not found again")
            return
        }
    }

    @Test func onlyTheContentThatWasSeenIsKept() throws {
        let path = try directory.write("program", "one")
        let version = try version(path)
        try directory.write("program", "two")
        guard case .notKept(version, let why)? = reports([version]).first else {
            Issue.record("kept")
            return
        }
        #expect(why == "copy \(path), which has another content by now: \(SystemError.text(ESTALE))")
        #expect(try entries() == [])
        unlink(path)
        guard case .notKept(version, _)? = reports([version]).first else {
            Issue.record("kept")
            return
        }
    }

    @Test func aFullDiskLeavesNothingBehindAndIsToldInWords() throws {
        try #require(mkdir(storePath, 0o755) == 0)
        // Only root may, and not in every sandbox.
        guard mount("tmpfs", storePath, "tmpfs", 0, "size=64k") == 0 else { return }
        defer { umount2(storePath, Int32(MNT_DETACH)) }
        let large = try version(try directory.write("large", String(repeating: "x", count: 200_000)))
        let small = try version(try directory.write("small", "one"))
        let reports = reports([large, small])
        let full = reports.compactMap { if case .notKept(large, let why) = $0 { why } else { nil } }
        #expect(full.count == 1 && full[0].hasSuffix(": \(SystemError.text(ENOSPC))"))
        #expect(reports.contains { if case .kept(small, _) = $0 { true } else { false } })
        #expect(try entries() == [small.digest.description])
    }

    @Test func whatCannotBeExecutedIsNotKept() throws {
        try #require(mkdir(storePath, 0o755) == 0)
        guard mount("tmpfs", storePath, "tmpfs", UInt(MS_NOEXEC), nil) == 0 else { return }
        defer { umount2(storePath, Int32(MNT_DETACH)) }
        let version = try version(try directory.write("program", "one"))
        let whys = reports([version]).compactMap { if case .notKept(_, let why) = $0 { why } else { nil } }
        #expect(whys.count == 1 && whys[0].contains("mounted noexec"))
    }

    @Test func aDamagedCopyIsMadeAnew() throws {
        let path = try directory.write("program", "one")
        let version = try version(path)
        guard case .kept(_, let copy)? = reports([version]).first else {
            Issue.record("not kept")
            return
        }
        #expect(chmod(copy, 0o700) == 0 && truncate(copy, 1) == 0)
        _ = reports([version])
        #expect(try contents(copy) == "one")
    }

    @Test func whatNobodyWantsAnyMoreIsRemoved() throws {
        let first = try version(try directory.write("a", "one"))
        let second = try version(try directory.write("b", "two"))
        _ = reports([first, second])
        #expect(try entries().count == 2)
        try #require(mkdir("\(storePath)/stale", 0o700) == 0)
        try directory.write("programs/stale/x", "")
        try directory.write("programs/draft", "")
        _ = reports([second])
        #expect(try entries() == [second.digest.description])
    }

    @Test func theOwnersLoopIsToldAndKnowsTheCopies() throws {
        let loop = try EventLoop()
        let store = try FileStore(directory: storePath, digests: digests, loop: loop)
        let path = try directory.write("program", "one")
        let version = try version(path)
        var read: [String] = []
        store.onReport = { if case .read(let path) = $0 { read.append(path) } }
        store.keep([version])
        try loop.run(until: "the copy") { store.copy(of: version) != nil }
        #expect(try contents(store.copy(of: version) ?? "") == "one")

        try directory.write("program", "two")
        #expect(digests.known(path) == .unread)
        store.read(path)
        store.read(path)
        try loop.run(until: "the digest") { !read.isEmpty }
        #expect(digests.known(path) == .digest(try digests.digest(of: path)) && read == [path])
        store.keep([])
        #expect(store.copy(of: version) == nil)
    }

    // MARK: The search

    @Test func theSearchFindsWhatASpawnWouldExecute() throws {
        for name in ["one", "two", "three"] { try #require(mkdir("\(directory.path)/\(name)", 0o755) == 0) }
        try directory.write("two/program", "", mode: 0o644)
        let program = try directory.write("three/program", "", mode: 0o755)
        try #require(mkdir("\(directory.path)/one/program", 0o755) == 0)
        let path = ["one", "two", "three"].map { "\(directory.path)/\($0)" }.joined(separator: ":")
        var request = SpawnRequest(arguments: ["program"], environment: ["PATH": path])
        #expect(request.program == program)
        request.environment["PATH"] = "one:three"
        request.workingDirectory = directory.path
        #expect(request.program == program)
        request.arguments = ["./three/program"]
        #expect(request.program == program)
        request.arguments = ["no-such-program"]
        #expect(request.program == nil)
    }
}
