import ControlProtocol
import ControlServer
import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

private func service(_ name: String, _ watches: WatchSpec...) throws -> ServiceSpec {
    ServiceSpec(
        name: try #require(ServiceName(name)), process: ProcessSpec(command: ["serve"]), watches: watches)
}

@Suite struct ChangedServicesTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(sinceOrigin: .milliseconds(milliseconds)) }

    @Test func aServiceIsDueWhenNothingHasChangedForLongEnough() throws {
        var changed = ChangedServices([try service("web", WatchSpec(path: "/src", debounce: .milliseconds(100)))])
        #expect(changed.nextDue == nil)
        changed.note([.file("/src/a"), .file("/elsewhere")], at: at(0))
        #expect(changed.nextDue == at(100))
        changed.note([.file("/src/b"), .file("/src/a")], at: at(90))
        #expect(changed.nextDue == at(190))
        #expect(changed.takeDue(at: at(100)) == [])
        let batch = try #require(changed.takeDue(at: at(190)).first)
        #expect(batch.paths == ["/src/a", "/src/b"])
        #expect(batch.count == 2)
        #expect(changed.nextDue == nil)
        #expect(changed.takeDue(at: at(1000)) == [])
    }

    @Test func eachServiceHasItsOwnWatches() throws {
        var changed = ChangedServices([
            try service("api", WatchSpec(path: "/src/api", debounce: .zero)),
            try service(
                "web", WatchSpec(path: "/src", ignore: [try PathPattern("api")], debounce: .zero),
                WatchSpec(path: "/etc/web.conf", debounce: .seconds(1))),
        ])
        #expect(changed.paths == ["/etc/web.conf", "/src", "/src/api"])
        changed.note([.file("/src/api/x")], at: at(0))
        #expect(changed.takeDue(at: at(0)).map(\.service.text) == ["api"])
        changed.note([.file("/src/x")], at: at(0))
        #expect(changed.takeDue(at: at(0)).map(\.service.text) == ["web"])
        // The watch that waits longest decides.
        changed.note([.file("/etc/web.conf"), .file("/src/x")], at: at(0))
        #expect(changed.takeDue(at: at(999)) == [])
        #expect(changed.takeDue(at: at(1000)).map(\.count) == [2])
        #expect(!changed.leavesOut("/src/api"))
        #expect(changed.leavesOut("/src/.git"))
    }

    @Test func whatIsNotKnownByNameConcernsAllThatIsBelow() throws {
        var changed = ChangedServices([
            try service("api", WatchSpec(path: "/src/api", debounce: .zero)),
            try service("web", WatchSpec(path: "/src/web", debounce: .zero)),
        ])
        changed.note([.tree("/src")], at: at(0))
        #expect(changed.takeDue(at: at(0)).map(\.service.text) == ["api", "web"])
        changed.note([.tree("/src/web/lib")], at: at(0))
        #expect(changed.takeDue(at: at(0)).map(\.service.text) == ["web"])
    }

    @Test func whateverChangesIsBounded() throws {
        var changed = ChangedServices([try service("web", WatchSpec(path: "/src", debounce: .zero))])
        for number in 0..<1500 { changed.note([.file("/src/\(number)")], at: at(0)) }
        let batch = try #require(changed.takeDue(at: at(0)).first)
        #expect(batch.paths.count == ChangedServices.Batch.capacity)
        #expect(batch.count == 1500)
    }
}

@Suite struct ChangeWatchTests {
    private let directory: TemporaryDirectory
    private let loop: EventLoop
    private let watch: ChangeWatch

    init() throws {
        directory = try TemporaryDirectory()
        loop = try EventLoop()
        watch = ChangeWatch(
            [try service("web", WatchSpec(path: directory.path, debounce: .milliseconds(20)))], loop: loop,
            clock: Clock())
    }

    private func run(until what: Comment, _ condition: () -> Bool) throws {
        var isLate = false
        let timer = loop.schedule(after: .seconds(30)) { isLate = true }
        defer { loop.cancel(timer) }
        while !condition(), !isLate { try loop.turn(waiting: true) }
        #expect(!isLate, what)
    }

    @Test func aBurstOfChangesIsOneRestartAndIsToldToWhoFollows() async throws {
        var restarts: [String] = []
        watch.onChange = {
            restarts.append($0.service.text)
            return true
        }
        let feed = try #require(watch.subscribe().feed)
        for number in 0..<20 { try directory.write("x", to: "file\(number)") }
        try run(until: "the restart") { !restarts.isEmpty }
        #expect(restarts == ["web"])
        guard case .item(let document)? = await feed.next()?.first else {
            Issue.record("nothing was told")
            return
        }
        #expect(document.service == "web")
        #expect(document.count == 20)
        #expect(document.paths.count == 10)
        #expect(document.paths.allSatisfy { $0.hasPrefix(directory.path + "/file") })
        watch.finish()
    }

    @Test func withoutAFollowerNothingIsWatched() throws {
        var restarts = 0
        watch.onChange = { _ in
            restarts += 1
            return true
        }
        let feed = watch.subscribe().feed
        #expect(watch.followerCount == 1)
        (feed as? Feed<WatchDocument>)?.finish()
        watch.clientHasGone()
        #expect(watch.followerCount == 0)
        try directory.write("x", to: "file")
        var isLater = false
        loop.schedule(after: .milliseconds(60)) { isLater = true }
        try run(until: "a while") { isLater }
        #expect(restarts == 0)
    }

    @Test func whoeverWaitsForItIsToldWhenNothingIsMissedAnyMore() throws {
        var ready: [String] = []
        watch.whenReady { ready.append("nothing is watched") }
        #expect(ready.count == 1)
        _ = watch.subscribe()
        watch.whenReady { ready.append("searched") }
        #expect(ready.count == 1)
        try run(until: "the end of the search") { ready.count == 2 }
        watch.whenReady { ready.append("at once") }
        #expect(ready.count == 3)
        watch.finish()
        _ = watch.subscribe()
        watch.whenReady { ready.append("ended") }
        watch.finish()
        #expect(ready.last == "ended")
    }

    @Test func whatDoesNotRunIsNotToldToBeRestarted() async throws {
        var asked = 0
        watch.onChange = { _ in
            asked += 1
            return asked > 1
        }
        let feed = try #require(watch.subscribe().feed)
        try directory.write("x", to: "first")
        try run(until: "the first change") { asked == 1 }
        try directory.write("x", to: "second")
        try run(until: "the second change") { asked == 2 }
        guard case .item(let document)? = await feed.next()?.first else {
            Issue.record("nothing was told")
            return
        }
        #expect(document.paths == [directory.path + "/second"])
        watch.finish()
    }

    @Test func anotherStackIsWatchedWhereItSaysOtherwise() throws {
        let other = try TemporaryDirectory()
        var restarts: [String] = []
        watch.onChange = {
            restarts.append($0.service.text)
            return true
        }
        _ = watch.subscribe()
        watch.follow([try service("api", WatchSpec(path: other.path, debounce: .zero))])
        try directory.write("x", to: "file")
        try other.write("x", to: "file")
        try run(until: "the restart") { !restarts.isEmpty }
        #expect(restarts == ["api"])
        watch.finish()
        #expect(watch.followerCount == 0)
    }
}
