import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct FileWatchTests {
    /// A watch of paths in a directory for one test, which has searched what is there.
    private final class Fixture {
        let directory: TemporaryDirectory
        let loop: EventLoop
        var changes: [FileWatch.Change] = []
        var faults: [String] = []
        private var watch: FileWatch?

        init(_ names: [String], leavingOut: String? = nil, prepare: (TemporaryDirectory) throws -> Void = { _ in })
            throws
        {
            directory = try TemporaryDirectory()
            loop = try EventLoop()
            try prepare(directory)
            let left = leavingOut.map { "\(directory.path)/\($0)" }
            watch = try FileWatch(
                names.map { path($0) }, on: loop, leavesOut: { $0 == left },
                onChange: { [unowned self] in changes += $0 }, onFault: { [unowned self] in faults.append($0) })
            try settle()
        }

        func path(_ name: String) -> String { name.isEmpty ? directory.path : "\(directory.path)/\(name)" }

        func settle() throws {
            try loop.run(until: "the end of the search") { watch?.isSearching == false }
        }

        func makeDirectory(_ name: String) throws {
            try checkLibc(mkdir(path(name), 0o755), "mkdir")
        }

        func rename(_ old: String, to new: String) throws {
            try checkLibc(Glibc.rename(path(old), path(new)), "rename")
        }

        func expect(_ change: FileWatch.Change, sourceLocation: SourceLocation = #_sourceLocation) throws {
            try loop.run(until: "\(change)", sourceLocation: sourceLocation) { changes.contains(change) }
            changes = []
        }

        func expectFile(_ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
            try expect(.file(path(name)), sourceLocation: sourceLocation)
        }

        /// That a change of a file is the first one that is told, so that nothing before it was.
        func expectFirst(_ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
            try loop.run(until: "any change", sourceLocation: sourceLocation) { !changes.isEmpty }
            #expect(changes.first == .file(path(name)), sourceLocation: sourceLocation)
            changes = []
        }
    }

    @Test func filesThatAreWrittenComeAndGo() throws {
        let fixture = try Fixture(["src"]) { directory in
            try checkLibc(mkdir("\(directory.path)/src", 0o755), "mkdir")
            try directory.write("src/old", "1")
        }
        try fixture.directory.write("src/old", "2")
        try fixture.expectFirst("src/old")
        try fixture.directory.write("src/new", "1")
        try fixture.expectFirst("src/new")
        unlink(fixture.path("src/old"))
        try fixture.expectFirst("src/old")
        try fixture.rename("src/new", to: "src/newer")
        try fixture.expectFile("src/newer")
    }

    @Test func aFileThatIsBeingWrittenHasNotChangedYet() throws {
        let fixture = try Fixture([""])
        let file = try Descriptor.open(fixture.path("slow"), flags: O_WRONLY | O_CREAT, mode: 0o644)
        #expect(write(file.number, "x", 1) == 1)
        try fixture.directory.write("other", "x")
        try fixture.expectFirst("other")
        file.close()
        try fixture.expectFirst("slow")
    }

    @Test func linksAreThereAtOnce() throws {
        let fixture = try Fixture([""]) { try $0.write("file", "x") }
        symlink("nowhere", fixture.path("symbolic"))
        try fixture.expectFirst("symbolic")
        link(fixture.path("file"), fixture.path("hard"))
        try fixture.expectFirst("hard")
    }

    @Test func directoriesThatComeAreSearchedForWhatIsInThem() throws {
        let fixture = try Fixture(["src"]) { try checkLibc(mkdir("\($0.path)/src", 0o755), "mkdir") }
        try fixture.makeDirectory("src/a")
        try fixture.makeDirectory("src/a/b")
        try fixture.directory.write("src/a/b/early", "x")
        try fixture.expectFile("src/a/b/early")
        try fixture.settle()
        try fixture.directory.write("src/a/b/late", "x")
        try fixture.expectFile("src/a/b/late")
    }

    @Test func directoriesMoveInWithinAndOut() throws {
        let fixture = try Fixture(["src"]) { directory in
            for name in ["src", "src/inner", "outside"] {
                try checkLibc(mkdir("\(directory.path)/\(name)", 0o755), "mkdir")
            }
            try directory.write("outside/file", "x")
        }
        try fixture.rename("outside", to: "src/outside")
        try fixture.expectFile("src/outside/file")
        try fixture.settle()
        try fixture.rename("src/inner", to: "src/renamed")
        try fixture.expect(.tree(fixture.path("src/inner")))
        try fixture.settle()
        try fixture.directory.write("src/renamed/file", "x")
        try fixture.expectFile("src/renamed/file")
        try fixture.rename("src/renamed", to: "gone")
        try fixture.expect(.tree(fixture.path("src/renamed")))
        // It is not watched where it is now.
        try fixture.directory.write("gone/file", "x")
        try fixture.directory.write("src/last", "x")
        try fixture.expectFirst("src/last")
    }

    @Test func aDirectoryTakesThePlaceOfAnother() throws {
        let fixture = try Fixture([""]) { directory in
            for name in ["a", "b"] { try checkLibc(mkdir("\(directory.path)/\(name)", 0o755), "mkdir") }
        }
        try fixture.rename("a", to: "b")
        try fixture.expect(.tree(fixture.path("a")))
        try fixture.settle()
        try fixture.directory.write("b/file", "x")
        try fixture.expectFile("b/file")
    }

    @Test func whatIsLeftOutIsNotWatched() throws {
        let fixture = try Fixture(["src"], leavingOut: "src/cache") { directory in
            try checkLibc(mkdir("\(directory.path)/src", 0o755), "mkdir")
            try checkLibc(mkdir("\(directory.path)/src/cache", 0o755), "mkdir")
        }
        try fixture.directory.write("src/cache/x", "1")
        try fixture.directory.write("beside", "1")
        try fixture.directory.write("src/x", "1")
        try fixture.expectFirst("src/x")
    }

    @Test func aFileIsWatchedThroughWhatReplacesIt() throws {
        let fixture = try Fixture(["app.conf"]) { try $0.write("app.conf", "1") }
        try fixture.directory.write("app.conf", "2")
        try fixture.expectFirst("app.conf")
        // As editors do: a file beside it, then a rename.
        for _ in 0..<2 {
            try fixture.directory.write("app.conf.new", "3")
            try fixture.rename("app.conf.new", to: "app.conf")
            try fixture.expectFirst("app.conf")
        }
        unlink(fixture.path("app.conf"))
        try fixture.expectFirst("app.conf")
        try fixture.directory.write("app.conf", "4")
        try fixture.expectFirst("app.conf")
    }

    @Test func aPathThatIsNotThereYetIsWaitedFor() throws {
        let fixture = try Fixture(["a/b/src", "a/file"])
        try fixture.directory.write("unrelated", "x")
        try fixture.makeDirectory("a")
        try fixture.makeDirectory("a/b")
        try fixture.makeDirectory("a/b/src")
        try fixture.directory.write("a/b/src/x", "1")
        try fixture.expectFirst("a/b/src/x")
        try fixture.directory.write("a/file", "1")
        try fixture.expectFirst("a/file")
    }

    @Test func aRootThatMovesAwayIsWaitedForAgain() throws {
        let fixture = try Fixture(["app/src"]) { directory in
            for name in ["app", "app/src", "other"] {
                try checkLibc(mkdir("\(directory.path)/\(name)", 0o755), "mkdir")
            }
        }
        try fixture.rename("app/src", to: "app/elsewhere")
        try fixture.expect(.tree(fixture.path("app/src")))
        try fixture.makeDirectory("app/src")
        try fixture.directory.write("app/src/x", "1")
        try fixture.expectFile("app/src/x")
        // What it is in moves away and another comes, as releases do.
        try fixture.rename("app", to: "app.old")
        try fixture.expect(.tree(fixture.path("app/src")))
        try fixture.makeDirectory("other/src")
        try fixture.rename("other", to: "app")
        try fixture.loop.poll(until: "the new directory is watched") {
            try fixture.directory.write("app/src/y", "1")
            return fixture.changes.contains(.file(fixture.path("app/src/y")))
        }
        fixture.changes = []
        try fixture.directory.write("app.old/src/z", "1")
        try fixture.directory.write("app/src/w", "1")
        try fixture.expectFile("app/src/w")
        #expect(!fixture.changes.contains(.file(fixture.path("app.old/src/z"))))
    }

    @Test func aLinkThatLeadsElsewhereIsFollowedAnew() throws {
        let fixture = try Fixture(["current"]) { directory in
            for name in ["one", "two"] { try checkLibc(mkdir("\(directory.path)/\(name)", 0o755), "mkdir") }
            symlink("one", "\(directory.path)/current")
        }
        try fixture.directory.write("one/x", "1")
        try fixture.expectFirst("current/x")
        symlink("two", fixture.path("next"))
        try fixture.rename("next", to: "current")
        try fixture.expectFile("current")
        try fixture.settle()
        try fixture.directory.write("one/y", "1")
        try fixture.directory.write("two/y", "1")
        try fixture.expectFirst("current/y")
    }

    @Test func twoRootsMayOverlap() throws {
        let fixture = try Fixture(["src", "src/sub"]) { directory in
            try checkLibc(mkdir("\(directory.path)/src", 0o755), "mkdir")
            try checkLibc(mkdir("\(directory.path)/src/sub", 0o755), "mkdir")
        }
        try fixture.directory.write("src/sub/x", "1")
        try fixture.expectFirst("src/sub/x")
        try fixture.rename("src/sub", to: "away")
        try fixture.expect(.tree(fixture.path("src/sub")))
        try fixture.makeDirectory("src/sub")
        try fixture.directory.write("src/sub/y", "1")
        try fixture.expectFile("src/sub/y")
    }

    @Test func manyDirectoriesAreSearchedOverSeveralTurns() throws {
        let fixture = try Fixture([""]) { directory in
            for index in 0..<200 { try checkLibc(mkdir("\(directory.path)/\(index)", 0o755), "mkdir") }
        }
        for index in [0, 63, 64, 199] {
            try fixture.directory.write("\(index)/x", "1")
            try fixture.expectFirst("\(index)/x")
        }
        #expect(fixture.faults == [])
    }

    @Test func eventsThatWereLostMayBeAnything() throws {
        let fixture = try Fixture([""]) { try checkLibc(mkdir("\($0.path)/a", 0o755), "mkdir") }
        let limit = try #require(Int(try contents("/proc/sys/fs/inotify/max_queued_events").filter { $0 != "\n" }))
        // Two of the same in a row count once, so that these take turns.
        for _ in 0...limit / 2 {
            try fixture.directory.write("a/x", "")
            try fixture.directory.write("a/y", "")
        }
        try fixture.makeDirectory("late")
        try fixture.expect(.tree(fixture.path("")))
        try fixture.settle()
        fixture.changes = []
        // A directory whose coming was lost is watched all the same.
        try fixture.directory.write("late/x", "1")
        try fixture.expectFile("late/x")
    }

    @Test func whatMayNotBeReadIsTold() throws {
        let fixture = try Fixture(["src"]) { directory in
            try checkLibc(mkdir("\(directory.path)/src", 0o755), "mkdir")
            try checkLibc(mkdir("\(directory.path)/src/closed", 0), "mkdir")
        }
        // Root may read everything.
        let expected = isRoot ? [] : ["`\(fixture.path("src/closed"))` cannot be watched: Permission denied"]
        #expect(fixture.faults == expected)
        chmod(fixture.path("src/closed"), 0o755)
    }
}

@Suite struct WatchedDirectoriesTests {
    @Test func pathsAndNumbers() {
        var directories = WatchedDirectories()
        for (path, number) in [("/a", 1), ("/a/b", 2), ("/a/b/c", 3), ("/ab", 4), ("/link", 2)] as [(String, Int32)] {
            directories.add(path, as: number)
        }
        #expect(directories.paths(of: 2) == ["/a/b", "/link"])
        #expect(directories.remove("/a").sorted() == [1, 3])
        #expect(directories.paths(of: 2) == ["/link"])
        #expect(!directories.contains("/a/b"))
        #expect(directories.contains("/ab"))
        #expect(directories.remove("/a") == [])
        directories.forget(2)
        #expect(!directories.contains("/link"))
        directories.add("/ab", as: 9)
        #expect(directories.paths(of: 4) == [])
        #expect(directories.remove("/ab", isEmpty: true) == [9])
    }
}
