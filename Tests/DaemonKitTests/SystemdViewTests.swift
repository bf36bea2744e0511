import ControlProtocol
import StackModel
import Testing

@testable import DaemonKit

@Suite struct SystemdViewTests {
    private func spec(_ change: (inout ServiceSpec) -> Void) throws -> ServiceSpec {
        var spec = ServiceSpec(name: try #require(ServiceName("db")), process: ProcessSpec(command: ["db"]))
        change(&spec)
        return spec
    }

    @Test func aStartIsLimitedByItsTimeoutAndItsStartupProbe() throws {
        #expect(try spec { _ in }.startLimit == nil)
        #expect(try spec { $0.startTimeout = .seconds(40) }.startLimit == .seconds(40))
        let probe = ProbeSpec(
            handler: .notify, initialDelay: .seconds(5), period: .seconds(2), timeout: .seconds(3), failureThreshold: 10
        )
        #expect(try spec { $0.probes.startup = probe }.startLimit == .seconds(35))
        #expect(
            try spec {
                $0.probes.startup = probe
                $0.startTimeout = .seconds(20)
            }.startLimit == .seconds(20))
        // A readiness probe may fail for ever, and nothing follows from it.
        #expect(try spec { $0.probes.readiness = probe }.startLimit == nil)
    }

    @Test func aStopHasHookDrainAndGraceTwice() throws {
        let stop = StopSpec(drain: .seconds(3), gracePeriod: .seconds(10))
        #expect(try spec { $0.stop = stop }.stopLimit == .seconds(23))
        #expect(
            try spec {
                $0.stop = stop
                $0.stop.preStop = ["hook"]
            }.stopLimit == .seconds(33))
    }

    @Test func theStatusNamesAFew() {
        let services = (1...7).map { SystemdView.Service(name: "s\($0)") } + [.init(name: "off", isWanted: false)]
        let view = SystemdView(state: .starting, services: services)
        #expect(view.status == "0 of 7 services ready; waiting for s1, s2, s3, s4, s5 and 2 more")
    }
}
