import Testing

@testable import StackModel

@Suite struct PathPatternTests {
    @Test(arguments: [
        ("*.go", "a.go", true), ("*.go", "x/a.go", false), ("**/*.go", "x/y/a.go", true), ("**/*.go", "a.go", true),
        ("node_modules", "node_modules/x/y", true), ("node_modules/", "node_modules/x", true),
        ("/build", "build", true), ("./build", "build/x", true), ("node_modules", "a/node_modules", false),
        ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b/c", true), ("a/**/b", "a/x", false), ("a/**", "a/x", true),
        ("**", "anything/at/all", true), ("*/*", "a/b", true), ("*/*", "a", false), ("?.txt", "a.txt", true),
        ("?.txt", ".txt", false), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false), ("[^a-c]x", "dx", true),
        ("[]]", "]", true), ("[a-]", "-", true), ("\\*", "*", true), ("\\*", "a", false), ("a*b*c", "a1b2b3c", true),
        ("a*b*c", "a1b2b3", false), ("*a", "", false), ("é?", "é漢", true), ("**/.#*", "d/.#file", true),
    ])
    func matching(pattern: String, path: String, matches: Bool) throws {
        #expect(try PathPattern(pattern).matches(path.split(separator: "/")) == matches)
    }

    @Test func theLastPatternThatSaysSomethingDecides() throws {
        let patterns = try ["*.log", "!keep.log", "keep.log.d"].map { try PathPattern($0) }
        #expect(patterns.matches(["a.log"]))
        #expect(!patterns.matches(["keep.log"]))
        #expect(!patterns.matches(["a.txt"]))
        #expect(!patterns.matchesAll(below: ["keep.log.d"]))
        #expect(try [PathPattern("cache")].matchesAll(below: ["cache", "x"]))
    }

    @Test(arguments: [
        ("", "names nothing"), ("!", "names nothing"), ("/", "names nothing"), (".", "names nothing"),
        ("../x", "leaves the watched path"), ("a/../b", "leaves the watched path"),
        ("[a", "has a `[` that is not closed"),
        ("[]", "has a `[` that is not closed"), ("[z-a]", "has a range that goes backwards"),
        ("a\\", "ends with a `\\`"),
        (String(repeating: "a", count: 1025), "is too long"),
    ])
    func faults(pattern: String, message: String) {
        #expect { try PathPattern(pattern) } throws: { ($0 as? PathPattern.Fault)?.message == message }
    }

    /// It takes time with the product of the lengths at the most, whatever is written.
    @Test func noPatternTakesForever() throws {
        let stars = try PathPattern(String(repeating: "*a", count: 200) + "b")
        #expect(!stars.matches([Substring(repeating: "a", count: 255)]))
        let directories = try PathPattern(String(repeating: "**/a/", count: 100) + "b")
        #expect(!directories.matches(Array(repeating: "a", count: 500)))
    }
}

@Suite struct WatchSpecTests {
    private func watch(ignore: [String] = [], include: [String] = []) throws -> WatchSpec {
        WatchSpec(
            path: "/srv/app/src", ignore: try ignore.map { try PathPattern($0) },
            include: try include.map { try PathPattern($0) })
    }

    @Test(arguments: [
        ("/srv/app/src/a.py", true), ("/srv/app/src/x/a.py", true), ("/srv/app/src", true), ("/srv/app/srcs/a", false),
        ("/srv/app", false), ("/srv/app/src/.git/index", false), ("/srv/app/src/sub/.git/HEAD", false),
        ("/srv/app/src/.gitignore", true), ("/srv/app/src/.a.py.swp", false), ("/srv/app/src/4913", false),
        ("/srv/app/src/a.py~", false), ("/srv/app/src/.#a.py", false), ("/srv/app/src/#a.py#", false),
        ("/srv/app/src/.idea/workspace.xml", false), ("/srv/app/src/a.py___jb_tmp___", false),
    ])
    func whatCountsByItself(path: String, counts: Bool) throws {
        #expect(try watch().concerns(path) == counts)
    }

    @Test func patternsAreRelativeToThePath() throws {
        let ignoring = try watch(ignore: ["cache", "**/*.pyc"])
        #expect(!ignoring.concerns("/srv/app/src/cache/x"))
        #expect(ignoring.concerns("/srv/app/src/lib/cache/x"))
        #expect(!ignoring.concerns("/srv/app/src/lib/a.pyc"))
        let including = try watch(ignore: ["gen"], include: ["**/*.py"])
        #expect(including.concerns("/srv/app/src/lib/a.py"))
        #expect(!including.concerns("/srv/app/src/lib/a.txt"))
        #expect(!including.concerns("/srv/app/src/gen/a.py"))
        #expect(including.concerns("/srv/app/src"))
    }

    @Test func whatIsNotKnownByNameCountsWhereItCould() throws {
        let watch = try watch(ignore: ["cache"], include: ["**/*.py"])
        #expect(watch.mayConcern(below: "/srv/app/src"))
        #expect(watch.mayConcern(below: "/srv/app/src/lib"))
        #expect(watch.mayConcern(below: "/srv/app"))
        #expect(watch.mayConcern(below: "/"))
        #expect(!watch.mayConcern(below: "/srv/app/src/cache/x"))
        #expect(!watch.mayConcern(below: "/srv/app/src/.git"))
        #expect(!watch.mayConcern(below: "/srv/other"))
    }

    @Test func directoriesInWhichNothingCountsAreLeftOut() throws {
        let ignoring = try watch(ignore: ["cache", "**/*.pyc"])
        #expect(ignoring.leavesOut("/srv/app/src/cache"))
        #expect(ignoring.leavesOut("/srv/app/src/.git"))
        #expect(ignoring.leavesOut("/srv/app/other"))
        #expect(!ignoring.leavesOut("/srv/app/src/lib"))
        #expect(!ignoring.leavesOut("/srv/app/src"))
        // An exception may be below, so its directory is looked at.
        #expect(try !watch(ignore: ["cache", "!cache/keep"]).leavesOut("/srv/app/src/cache"))
    }

    @Test func theRootDirectory() throws {
        let watch = WatchSpec(path: "/")
        #expect(watch.concerns("/etc/hosts"))
        #expect(watch.concerns("/"))
    }
}
