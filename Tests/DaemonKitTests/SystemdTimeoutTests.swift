import StackModel
import Testing

@testable import DaemonKit

/// Services by their limits in seconds (nil: none), and what systemd is asked for as they get where they should be.
@Suite struct SystemdTimeoutTests {
    /// What happened at a second: the services that are done by then, and how many seconds more are asked for.
    struct Moment: Sendable {
        var second: Int
        var done: [String]
        var extends: Int?
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var limits: [String: Int?]
        var moments: [Moment]
    }

    static let margin = Int(SystemdTimeout.margin.components.seconds)

    @Test(arguments: [
        Case(
            testDescription: "no limits promise nothing", limits: ["db": nil, "web": nil],
            moments: [Moment(second: 0, done: []), Moment(second: 50, done: ["db"])]),
        Case(
            testDescription: "one service has what it may take, once", limits: ["db": 60],
            moments: [
                Moment(second: 0, done: [], extends: 60 + margin), Moment(second: 10, done: []),
                Moment(second: 59, done: []), Moment(second: 300, done: []), Moment(second: 301, done: ["db"]),
            ]),
        Case(
            testDescription: "in a chain each gets its own after the one before", limits: ["db": 60, "web": 100],
            moments: [
                Moment(second: 0, done: [], extends: 100 + margin),
                Moment(second: 40, done: ["db"], extends: 100 + margin),
                Moment(second: 139, done: ["db", "web"]),
            ]),
        Case(
            testDescription: "a short one after a long one needs nothing more", limits: ["db": 300, "web": 10],
            moments: [
                Moment(second: 0, done: [], extends: 300 + margin), Moment(second: 100, done: ["db"]),
                Moment(second: 105, done: ["db", "web"]),
            ]),
        Case(
            testDescription: "a crash loop makes no progress", limits: ["db": 20, "web": 30],
            moments: [
                Moment(second: 0, done: [], extends: 30 + margin),
                Moment(second: 10, done: ["db"], extends: 30 + margin),
                Moment(second: 20, done: []), Moment(second: 30, done: ["db"]), Moment(second: 40, done: []),
                Moment(second: 50, done: ["db"]),
            ]),
        Case(
            testDescription: "what hangs without a limit is bounded by the others' limits",
            limits: ["db": nil, "web": 30],
            moments: [Moment(second: 0, done: [], extends: 30 + margin), Moment(second: 400, done: [])]),
    ])
    func theTableHolds(_ scenario: Case) {
        var timeout = SystemdTimeout()
        for moment in scenario.moments {
            let steps = scenario.limits.map { name, limit in
                SystemdTimeout.Step(
                    service: name, isDone: moment.done.contains(name), limit: limit.map { .seconds($0) })
            }
            let extended = timeout.extend(for: steps, at: Instant(sinceOrigin: .seconds(1000 + moment.second)))
            #expect(extended == moment.extends.map { .seconds($0) }, "at \(moment.second) s")
        }
    }

    @Test func aServiceThatIsAddedMeanwhileIsPromisedNothingAnew() {
        var timeout = SystemdTimeout()
        let start = Instant(sinceOrigin: .seconds(10))
        _ = timeout.extend(for: [SystemdTimeout.Step(service: "db", isDone: false, limit: .seconds(60))], at: start)
        let both = ["db", "late"].map { SystemdTimeout.Step(service: $0, isDone: false, limit: .seconds(60)) }
        #expect(timeout.extend(for: both, at: start.advanced(by: .seconds(50))) == nil)
    }
}
