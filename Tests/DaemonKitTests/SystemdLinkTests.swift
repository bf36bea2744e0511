import ControlProtocol
import LinuxRuntime
import Testing

@testable import DaemonKit

@Suite struct SystemdLinkTests {
    @Test func theLoopItselfTellsThatItTurns() throws {
        let loop = try EventLoop()
        var beats = 0
        let link = SystemdLink(readiness: .ready, loop: loop, watchdog: .milliseconds(20)) { notices in
            beats += notices.count { $0 == .alive }
        }
        try withExtendedLifetime(link) {
            #expect(beats == 1, "the first is at once")
            while beats < 4 { try loop.turn(waiting: true) }
        }
    }

    @Test func withoutAWatchdogItIsSilent() throws {
        let loop = try EventLoop()
        let link = SystemdLink(readiness: .ready, loop: loop, watchdog: nil) { notices in
            Issue.record("said \(notices)")
        }
        try withExtendedLifetime(link) { try loop.turn(waiting: false) }
    }

    @Test func manyChangesAreToldAtOnceAndANewStateImmediately() throws {
        let loop = try EventLoop()
        var looks = 0
        var said: [ServiceNotice] = []
        let link = SystemdLink(readiness: .ready, loop: loop, watchdog: nil) { said += $0 }
        var view = SystemdView(state: .starting, services: [.init(name: "db")])
        link.view = {
            looks += 1
            return view
        }
        link.stackChanged(to: .starting)
        #expect(said == [.status("0 of 1 service ready; waiting for db")])
        view.services[0].hasFailed = true
        for _ in 0..<100 { link.stackChanged(to: .starting) }
        #expect(looks == 1, "the rest waits")
        while looks < 2 { try loop.turn(waiting: true) }
        #expect(said.last == .status("0 of 1 service ready; waiting for db (failed)"))
        link.stackChanged(to: .starting)
        view = SystemdView(state: .ready, services: [.init(name: "db", isAsWanted: true)])
        link.stackChanged(to: .ready)
        #expect(said.contains(.ready))
        #expect(looks == 3)
        // The look that waited has been made by the one that did not.
        try loop.turn(waiting: false)
        #expect(looks == 3)
    }
}
