import ControlProtocol
import LinuxRuntime
import StackModel
import Testing

@testable import DaemonKit

@Suite struct SystemdConversationTests {
    private typealias Service = SystemdView.Service

    private static func view(_ state: StackDocument.State, _ services: Service...) -> SystemdView {
        SystemdView(state: state, services: services)
    }

    private func invalid(_ diagnostic: String) -> Reload { .refused(.invalidFile([diagnostic])) }

    @Test func readyIsSaidOnceTheStackIs() {
        var conversation = SystemdConversation(readiness: .ready)
        let starting = Self.view(.starting, Service(name: "db", isAsWanted: true), Service(name: "web"))
        #expect(
            conversation.observe(starting, at: .origin) == [.status("1 of 2 services ready; waiting for web")])
        #expect(conversation.observe(starting, at: .origin) == [], "nothing has changed")
        let ready = Self.view(.ready, Service(name: "db", isAsWanted: true), Service(name: "web", isAsWanted: true))
        #expect(conversation.observe(ready, at: .origin) == [.ready, .status("2 services ready")])
        #expect(conversation.observe(ready, at: .origin) == [])
    }

    @Test func aFailureAfterwardsOnlyChangesTheStatus() {
        var conversation = SystemdConversation(readiness: .ready)
        _ = conversation.observe(Self.view(.ready, Service(name: "db", isAsWanted: true)), at: .origin)
        let failed = Self.view(.degraded, Service(name: "db", hasFailed: true))
        #expect(
            conversation.observe(failed, at: .origin)
                == [.status("degraded: 0 of 1 service ready; waiting for db (failed)")])
        let again = Self.view(.ready, Service(name: "db", isAsWanted: true))
        #expect(conversation.observe(again, at: .origin) == [.status("1 service ready")])
    }

    @Test func aStackThatIsToBeStoppedIsUpAsItIs() {
        var conversation = SystemdConversation(readiness: .ready)
        let stopped = Self.view(.stopped, Service(name: "db", isWanted: false, isAsWanted: true))
        #expect(conversation.observe(stopped, at: .origin) == [.ready, .status("no service is wanted to run")])
    }

    @Test func startedAsksForNoReadiness() {
        var conversation = SystemdConversation(readiness: .started)
        let waiting = Self.view(.starting, Service(name: "db"), Service(name: "web", awaitsStart: true))
        #expect(!conversation.observe(waiting, at: .origin).contains(.ready))
        let started = Self.view(.starting, Service(name: "db"), Service(name: "web"))
        #expect(conversation.observe(started, at: .origin).contains(.ready))
    }

    @Test func aSlowStartAndASlowStopAskForTheirTime() {
        var conversation = SystemdConversation(readiness: .ready)
        var service = Service(name: "db", hasProcesses: true, startLimit: .seconds(200), stopLimit: .seconds(300))
        let margin = SystemdTimeout.margin
        #expect(
            conversation.observe(Self.view(.starting, service), at: .origin).first
                == .extendTimeout(.seconds(200) + margin))
        service.isAsWanted = true
        _ = conversation.observe(Self.view(.ready, service), at: .origin)
        service.isAsWanted = false
        #expect(
            !conversation.observe(Self.view(.degraded, service), at: .origin).contains {
                if case .extendTimeout = $0 { true } else { false }
            }, "a stack that is up has no start to wait for")
        #expect(
            conversation.observe(Self.view(.stopping, service), at: .origin) == [
                .stopping, .extendTimeout(.seconds(300) + margin), .status("stopping; 1 of 1 service still to end: db"),
            ])
        service.hasProcesses = false
        #expect(conversation.observe(Self.view(.stopping, service), at: .origin) == [.status("stopping")])
    }

    @Test func aStopDuringTheStartIsNoSuccess() {
        var conversation = SystemdConversation(readiness: .ready)
        _ = conversation.observe(Self.view(.starting, Service(name: "db")), at: .origin)
        let notices = conversation.observe(Self.view(.stopping, Service(name: "db", isWanted: false)), at: .origin)
        #expect(notices.first == .stopping)
        #expect(!notices.contains(.ready))
    }

    @Test func aReloadIsToldFromItsBeginningToItsEnd() {
        var conversation = SystemdConversation(readiness: .ready)
        _ = conversation.observe(Self.view(.ready, Service(name: "db", isAsWanted: true)), at: .origin)
        #expect(conversation.reload(.started) == [.reloading])
        #expect(conversation.reload(.applied) == [.ready])
    }

    @Test func aSlowChangeHasItsTimeToo() {
        var conversation = SystemdConversation(readiness: .ready)
        var service = Service(name: "db", isAsWanted: true, startLimit: .seconds(200))
        _ = conversation.observe(Self.view(.ready, service), at: .origin)
        _ = conversation.reload(.started)
        _ = conversation.reload(.applied)
        service.isAsWanted = false
        let later = Instant(sinceOrigin: .seconds(1000))
        #expect(
            conversation.observe(Self.view(.degraded, service), at: later).first
                == .extendTimeout(.seconds(200) + SystemdTimeout.margin))
        service.isAsWanted = true
        _ = conversation.observe(Self.view(.ready, service), at: later)
        service.isAsWanted = false
        let muchLater = Instant(sinceOrigin: .seconds(5000))
        #expect(
            conversation.observe(Self.view(.degraded, service), at: muchLater)
                == [.status("degraded: 0 of 1 service ready; waiting for db")], "nobody waits any more")
    }

    @Test func aRefusedReloadIsToldUntilOneSucceeds() {
        var conversation = SystemdConversation(readiness: .ready)
        _ = conversation.observe(Self.view(.ready, Service(name: "db", isAsWanted: true)), at: .origin)
        _ = conversation.reload(.started)
        let refused = "1 service ready; the last reload was refused: a.yaml:1:1: error: no"
        #expect(conversation.reload(invalid("a.yaml:1:1: error: no\n  1 | x\n")) == [.ready, .status(refused)])
        _ = conversation.reload(.started)
        #expect(conversation.reload(.applied) == [.ready, .status("1 service ready")])
    }

    @Test func aReloadDuringTheStartIsNotTakenForItsEnd() {
        var conversation = SystemdConversation(readiness: .ready)
        _ = conversation.observe(Self.view(.starting, Service(name: "db")), at: .origin)
        #expect(conversation.reload(.started) == [])
        #expect(conversation.reload(.applied) == [])
    }

    @Test func aReloadThatWasOvertakenByTheStopSaysNothingMore() {
        var conversation = SystemdConversation(readiness: .ready)
        _ = conversation.observe(Self.view(.ready, Service(name: "db", isAsWanted: true)), at: .origin)
        _ = conversation.reload(.started)
        _ = conversation.observe(Self.view(.stopping, Service(name: "db")), at: .origin)
        #expect(!conversation.reload(.refused(.shuttingDown)).contains(.ready))
    }
}
