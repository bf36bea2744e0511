import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// The judge finds what is wrong with whom the routes give requests.
@Suite struct JudgeRotationTests {
    private func routed(notify: Bool = false) throws -> ServiceSpec {
        let route = RouteSpec(
            name: "web", listen: .tcp(host: "127.0.0.1", port: 8080), port: "http", drain: .seconds(5))
        return try service("alpha", notify: notify, routes: [route])
    }

    /// One that is ready, and in rotation.
    private func bench(_ alpha: ServiceSpec) throws -> Bench {
        var bench = Bench(alpha)
        try bench.start(bench.make(1, .of(alpha)))
        try bench.tell(.spawned(.number(1), pid: 100), [.enterRotation(.number(1))])
        return bench
    }

    private func stopping(_ alpha: ServiceSpec) -> Effect {
        .publish(.stopping(.stopRequested), about: .instance(1, alpha))
    }

    private let signal = Effect.signal(.number(1), .terminate, .mainProcess)

    @Test func aStopByTheRulesBreaksNothing() throws {
        let alpha = try routed()
        for isDrained in [true, false] {
            var bench = try bench(alpha)
            #expect(
                brokenInvariant { () throws(Violation) in
                    try bench.tell(.command(.stop([])), at: 1, [stopping(alpha), .leaveRotation(.number(1))])
                    try bench.tell(isDrained ? .leftRotation(.number(1)) : .timePassed, at: isDrained ? 2 : 6, [signal])
                } == nil)
        }
    }

    @Test func aSignalWithRequests() throws {
        let alpha = try routed()
        var bench = try bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.tell(.command(.stop([])), at: 1, [stopping(alpha), .leaveRotation(.number(1)), signal])
            } == .lifecycle)
        bench = try self.bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.tell(.command(.stop([])), at: 1, [stopping(alpha)])
            } == .rotation)
    }

    @Test func whatIsReadyAndNotInRotationOrTheOtherWayRound() throws {
        var alpha = try routed()
        var bench = Bench(alpha)
        #expect(brokenInvariant { () throws(Violation) in try bench.run(1, .of(alpha)) } == .rotation)
        alpha = try routed(notify: true)
        bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start(bench.make(1, .of(alpha)))
                try bench.tell(.spawned(.number(1), pid: 100), [.enterRotation(.number(1))])
            } == .rotation)
        bench = try self.bench(routed())
        #expect(
            brokenInvariant { () throws(Violation) in try bench.tell(.notified(.number(1), .stopping), at: 1) }
                == .rotation)
    }
}
