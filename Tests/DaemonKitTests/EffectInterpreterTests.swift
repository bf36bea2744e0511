import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

@Suite(.serialized) struct EffectInterpreterTests {
    private let bench: Bench
    private let replica = ReplicaID(service: name("web"), index: 0)

    init() throws {
        bench = try Bench()
    }

    // MARK: What instances are given

    @Test func anInstanceKnowsItsSerialNumber() throws {
        let spec = bench.spec("echo $STACKD_INSTANCE $STACKD_REPLICA >$OUT")
        #expect(try bench.output(7, replica, spec) == "7 0\n")
    }

    @Test func listenersAreHandedOverInTheOrderOfTheFile() throws {
        var spec = bench.spec("")
        spec.process.command[2] = Template(
            parts: [
                .text("exec >$OUT; echo $LISTEN_FDS $LISTEN_FDNAMES ${ADMIN}-"), .listenerDescriptor("web"),
                .text("; test $LISTEN_PID = $$ && readlink /proc/$$/fd/$ADMIN | cut -d: -f1"),
            ])
        spec.process.environment.append(
            EnvironmentVariable(name: "ADMIN", value: Template(parts: [.listenerDescriptor("admin")])))
        spec.listeners = [
            ListenerSpec(name: "admin", address: .tcp(host: "127.0.0.1", port: 0)),
            ListenerSpec(name: "web", address: .unix(path: Template("\(bench.directory)/web"), .stream)),
        ]
        #expect(bench.spawn(1, replica, ServiceRevision(spec))?.message == "its listener admin is not open")
        bench.carryOut(.openListeners([ServiceRevision(spec)]))
        #expect(try bench.output(2, replica, spec) == "2 admin:web 3-4\nsocket\n")
        // Of two revisions that run at a time each has its own.
        var newer = spec
        let added = ListenerSpec(name: "a", address: .unix(path: Template("\(bench.directory)/a"), .stream))
        newer.listeners.insert(added, at: 0)
        bench.carryOut(.openListeners([ServiceRevision(newer), ServiceRevision(spec)]))
        #expect(try bench.output(3, replica, newer) == "3 a:admin:web 4-5\nsocket\n")
        #expect(try bench.output(4, replica, spec) == "2 admin:web 3-4\nsocket\n")
        bench.carryOut(.closeListeners(name("web")))
    }

    @Test func servicesThatPassAddressesOnMayBeToldInAnyOrder() throws {
        func revision(_ service: String, _ file: String) -> ServiceRevision {
            var spec = bench.spec("true", of: service)
            let address = ListenerSpec.Address.unix(path: Template("\(bench.directory)/\(file)"), .stream)
            spec.listeners = [ListenerSpec(name: "http", address: address)]
            return ServiceRevision(spec)
        }
        let (web, api) = (revision("web", "a"), revision("api", "b"))
        bench.carryOut(.openListeners([web]), .openListeners([api]))
        // They exchange them.
        bench.carryOut(.openListeners([revision("web", "b"), web]), .openListeners([revision("api", "a"), api]))
        var answers = 0
        try bench.run {
            answers = bench.count { if case .listenersOpened = $0 { true } else { false } }
            return answers == 4
        }
        #expect(bench.count { if case .listenersFailed = $0 { true } else { false } } == 0)
        // What a stranger has nobody gets.
        let stranger = try Listener(.unix(path: "\(bench.directory)/c", .stream))
        bench.carryOut(.openListeners([revision("web", "c")]))
        let failure: SpawnFailure = try bench.awaited { event in
            if case .listenersFailed(_, let failure) = event { failure } else { nil }
        }
        #expect(failure.errno == EADDRINUSE)
        withExtendedLifetime(stranger) {}
        bench.carryOut(.closeListeners(name("web")), .closeListeners(name("api")))
    }

    // MARK: Two instances of a replica

    private var portSpec: ServiceSpec {
        var spec = bench.spec("exec sleep 300")
        spec.ports = [PortSpec(name: "web", assignment: .automatic)]
        return spec
    }

    private func port(_ serial: UInt64) throws -> UInt16 {
        let instance = bench.interpreter.runningInstances.first { $0.id.serial == serial }
        return try #require(instance?.context.ports["web"])
    }

    private func stop(_ serial: UInt64) throws {
        bench.carryOut(.kill(InstanceID(serial: serial)))
        try bench.end(serial)
    }

    @Test func instancesOfAReplicaThatRunAtTheSameTimeHaveTheirOwnPortsWhichRepeat() throws {
        let revision = ServiceRevision(portSpec)
        bench.spawn(1, replica, revision)
        bench.spawn(2, replica, revision)
        let (first, second) = (try port(1), try port(2))
        #expect(first != second)
        try stop(1)
        bench.spawn(3, replica, revision)
        #expect(try port(3) == first)
        try stop(2)
        try stop(3)
        bench.spawn(4, replica, revision)
        #expect(try port(4) == first)
    }

    @Test func anInstanceWhosePortAStrangerHasTakenIsFollowedByOneWithAnother() throws {
        // It fails as a server does whose port is taken.
        var spec = portSpec
        spec.process.command[2] = Template("while [ ! -e \(bench.directory)/go ]; do sleep 0.01; done; exit 1")
        let revision = ServiceRevision(spec)
        bench.spawn(1, replica, revision)
        let port = try port(1)
        let stranger = try Listener(.tcp(host: "127.0.0.1", port: port))
        _ = try bench.write("", to: "go")
        try bench.end(1)
        bench.spawn(2, replica, revision)
        #expect(try self.port(2) != port)
        withExtendedLifetime(stranger) {}
        try bench.end(2)
    }

    @Test func aCommandJoinsTheYoungestInstanceThatServes() throws {
        let revision = ServiceRevision(bench.spec("exec sleep 300"))
        bench.spawn(1, replica, revision)
        bench.spawn(2, replica, revision)
        let running = { (ready: [UInt64]) in
            bench.interpreter.runningInstance(of: replica, ready: ready.map { InstanceID(serial: $0) })?.id.serial
        }
        #expect(running([]) == 2 && running([1]) == 1 && running([1, 2]) == 2)
        bench.carryOut(.kill(InstanceID(serial: 2)))
        #expect(running([2]) == 1)
        try bench.end(2)
        try stop(1)
        #expect(running([1]) == nil)
    }

    // MARK: Change

    @Test func whatRunsTakesAnotherRevisionsProbesOver() throws {
        var spec = bench.spec("echo begun; exec sleep 300")
        spec.probes.readiness = ProbeSpec(handler: .exec(command: ["false"]))
        bench.spawn(1, replica, ServiceRevision(spec))
        let id = InstanceID(serial: 1)
        func outcome(_ number: UInt32) throws -> ProbeOutcome {
            let run = ProbeRun(role: .readiness, number: number)
            bench.carryOut(.startProbe(id, run))
            return try bench.awaited { event in
                guard case .probeFinished(id, run, let outcome) = event else { return nil }
                return outcome
            }
        }
        #expect(try outcome(1) != .passed)
        spec.probes.readiness = ProbeSpec(handler: .exec(command: ["true"]))
        bench.carryOut(.adopt(id, ServiceRevision(spec)))
        #expect(try outcome(2) == .passed)
        // From now on its output is looked at, too.
        spec.probes.readiness = ProbeSpec(handler: .log(pattern: "["))
        bench.carryOut(.adopt(id, ServiceRevision(spec)))
        #expect(bench.observations(of: .replica(replica)).count == 1)
        try stop(1)
    }

    @Test func whatIsToBeMeasuredIsAskedOfTheRunner() {
        var asked: [Measurement] = []
        bench.interpreter.onMeasure = { asked.append($0) }
        let measurement = Measurement(service: name("web"), run: 3, metrics: [], instances: [])
        bench.carryOut(.measure(measurement))
        #expect(asked == [measurement])
    }

    @Test func whatHasNoRouteLeavesTheRotationAtOnce() throws {
        bench.spawn(1, replica, ServiceRevision(bench.spec("exec sleep 300")))
        let id = InstanceID(serial: 1)
        bench.carryOut(.leaveRotation(id))
        _ = try bench.awaited { event in if case .leftRotation(id) = event { true } else { nil } }
        try stop(1)
    }

    // MARK: Conflicts

    @Test func whatIsTakenByOthersIsAConflictAndWhatTheStackHasIsNot() throws {
        let stranger = try Listener(.tcp(host: "127.0.0.1", port: 0))
        var spec = bench.spec("true")
        spec.listeners = [ListenerSpec(name: "http", address: .tcp(host: "127.0.0.1", port: stranger.port))]
        spec.ports = [PortSpec(name: "admin", assignment: .fixed(stranger.port))]
        let stack = StackSpec(name: "shop", directory: "/", services: [spec])
        func conflicts(_ kind: ServiceChange.Kind, before: ServiceSpec? = nil) -> [String] {
            bench.interpreter.conflicts(
                of: [ServiceChange(service: name("web"), kind: kind)], in: stack, before: { _ in before })
        }
        #expect(
            conflicts(.rolling) == [
                "web: listen.http: 127.0.0.1:\(stranger.port) is taken by another process",
                "web: ports.admin: \(stranger.port) is taken by another process",
            ])
        #expect(conflicts(.live) == [])
        // The port is the former instances'.
        #expect(conflicts(.rolling, before: spec).count == 1)

        var own = spec
        own.listeners[0].address = .unix(path: Template("\(bench.directory)/own"), .stream)
        own.ports = []
        bench.carryOut(.openListeners([ServiceRevision(own)]))
        let after = StackSpec(name: "shop", directory: "/", services: [own])
        let change = ServiceChange(service: name("web"), kind: .rolling)
        #expect(bench.interpreter.conflicts(of: [change], in: after, before: { _ in own }) == [])
        bench.carryOut(.closeListeners(name("web")))
    }
}
