import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// The world does to processes what Linux does.
@Suite struct WorldTests {
    private let id = InstanceID.number(1)

    /// A world of one service in which these things go wrong until its hundredth second.
    private func world(_ spec: ServiceSpec, _ faults: FaultSet = []) -> World {
        let stack = StackSpec(name: "one", directory: "/", services: [spec])
        var random = SplitMix64(seed: 1)
        var plan = FaultPlan(for: stack, random: &random)
        plan.orders = []
        plan.dues = []
        plan.healsAt = .at(100)
        plan.windows = [FaultPlan.Window(start: .origin, end: .at(100), service: nil, faults: faults)]
        return World(Universe([stack]), plan: plan, random: random)
    }

    /// What the core is told until a time in seconds.
    private func events(of world: inout World, until seconds: Double = 99) -> [Event] {
        var events: [Event] = []
        while let time = world.nextTime, time < .at(seconds) {
            if let event = world.next() { events.append(event) }
        }
        return events
    }

    private func server(stop: StopSpec = StopSpec(), notify: Bool = false) throws -> ServiceSpec {
        try service("alpha", notify: notify, restart: RestartSpec(mode: .always), stop: stop)
    }

    private func spawn(_ spec: ServiceSpec, in world: inout World) -> [Event] {
        world.carryOut(.spawn(id, .of(spec), ServiceRevision(spec)))
        return events(of: &world)
    }

    @Test func aProcessIsMadeAndStays() throws {
        let spec = try server()
        var world = world(spec)
        let events = spawn(spec, in: &world)
        #expect(events.map(\.summary) == ["#1 spawned as 101"])
        #expect(!world.isEmpty)
    }

    @Test func aMissingExecutableIsNoTransientFailure() throws {
        let spec = try server()
        var world = world(spec, FaultSet(.executableMissing))
        guard case .spawnFailed(_, let failure, isTransient: false)? = spawn(spec, in: &world).first else {
            Issue.record("no failure")
            return
        }
        #expect(failure.stage == "executable")
        #expect(world.isEmpty)
    }

    @Test func lackOfRoomIsATransientFailure() throws {
        let spec = try server()
        var world = world(spec, FaultSet(.noRoom))
        guard case .spawnFailed(_, _, isTransient: true)? = spawn(spec, in: &world).first else {
            Issue.record("no failure")
            return
        }
    }

    @Test func anOrderWaitsForTheNextDeadlineWhereItIsToMeetOne() throws {
        let stack = StackSpec(name: "one", directory: "/", services: [try server()])
        var random = SplitMix64(seed: 1)
        var plan = FaultPlan(for: stack, random: &random)
        plan.orders = [FaultPlan.Order(time: .at(1), command: .stop([]), meetsDeadline: true)]
        plan.healsAt = .at(100)
        var world = World(Universe([stack]), plan: plan, random: random)
        #expect(world.next(deadline: .at(5)) == nil)
        #expect(world.nextTime == .at(5))
        guard case .command(.stop(let names, _))? = world.next(deadline: .at(7)), names.isEmpty else {
            Issue.record("the order was not given")
            return
        }
        #expect(world.now == .at(5))
    }

    @Test func aSignalEndsAProcessThatListens() throws {
        let spec = try server()
        var world = world(spec)
        _ = spawn(spec, in: &world)
        world.carryOut(.signal(id, .terminate, .mainProcess))
        let events = events(of: &world)
        guard case .exited(id, _, leftovers: false)? = events.first else {
            Issue.record("not ended: \(events.map(\.summary))")
            return
        }
        #expect(world.isEmpty)
    }

    @Test(arguments: [Fault.ignoringSignals, .hanging])
    func aSignalDoesNotEndAProcessThatDoesNot(fault: Fault) throws {
        let spec = try server()
        var world = world(spec, FaultSet(fault))
        _ = spawn(spec, in: &world)
        world.carryOut(.signal(id, .terminate, .mainProcess))
        #expect(events(of: &world).isEmpty)
        world.carryOut(.kill(id))
        #expect(events(of: &world).map(\.summary) == ["#1 was ended by SIGKILL"])
        #expect(world.isEmpty)
    }

    @Test func whatAnInstanceLeavesBehindIsToldAndEndsOfAKill() throws {
        let spec = try server()
        var world = world(spec, FaultSet(.leavingStubbornProcesses))
        _ = spawn(spec, in: &world)
        world.carryOut(.signal(id, .terminate, .mainProcess))
        guard case .exited(id, _, leftovers: true)? = events(of: &world).first else {
            Issue.record("nothing is left")
            return
        }
        world.carryOut(.signal(id, .terminate, .allProcesses))
        #expect(events(of: &world).isEmpty)
        world.carryOut(.kill(id))
        #expect(events(of: &world).map(\.summary) == ["#1 is empty"])
        #expect(world.isEmpty)
    }

    @Test func aListenerThatCannotBeBoundIsNotOpen() throws {
        let spec = try service(
            "alpha", listeners: [ListenerSpec(name: "http", address: .unix(path: "/socket", .stream))])
        var broken = world(spec, FaultSet(.listenersFailing))
        broken.carryOut(.openListeners([ServiceRevision(spec)]))
        #expect(events(of: &broken).map(\.summary) == ["listeners of alpha failed: bind: Address already in use"])
        #expect(broken.isEmpty)
        var sound = world(spec)
        sound.carryOut(.openListeners([ServiceRevision(spec)]))
        #expect(events(of: &sound).map(\.summary) == ["listeners of alpha are open"])
        #expect(!sound.isEmpty)
        sound.carryOut(.closeListeners(spec.name))
        #expect(sound.isEmpty)
    }

    @Test func whatWasNotSaidIsSaidWhenTheWorldHeals() throws {
        let spec = try server(notify: true)
        var world = world(spec, FaultSet(.notifyingNever))
        #expect(spawn(spec, in: &world).count == 1)
        #expect(events(of: &world, until: 200).map(\.summary) == ["#1 says ready"])
    }

    @Test func theAnswerToACancelledRunArrivesAllTheSame() throws {
        let probe = ProbeSpec(handler: .exec(command: ["probe"]))
        let spec = try service("alpha", probes: ProbeSet(readiness: probe), restart: RestartSpec(mode: .always))
        var world = world(spec)
        _ = spawn(spec, in: &world)
        let run = ProbeRun(role: .readiness, number: 1)
        world.carryOut(.startProbe(id, run))
        world.carryOut(.cancelProbe(id, run))
        #expect(events(of: &world).map(\.summary) == ["#1 readiness 1: passed"])
    }
}
