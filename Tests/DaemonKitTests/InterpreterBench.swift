import ControlProtocol
import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

/// An interpreter on a loop that the test turns, with all that a daemon has around it but the core.
final class Bench {
    let loop: EventLoop
    let queue = EventQueue()
    let interpreter: EffectInterpreter
    let containments: StackContainments
    let directory: String
    private let temporary: TemporaryDirectory
    /// What was posted, in its order.
    private(set) var events: [Event] = []

    init() throws {
        signal(SIGPIPE, SIG_IGN)
        temporary = try TemporaryDirectory()
        directory = temporary.path
        loop = try EventLoop()
        let stack = "bench-\(getpid())-\(temporary.path.suffix(6))"
        let configuration = DaemonConfiguration(
            stack: StackSpec(name: stack, directory: directory, services: []), files: [],
            paths: StackPaths(
                name: stack, environment: ["XDG_RUNTIME_DIR": "\(directory)/r", "XDG_STATE_HOME": "\(directory)/s"],
                uid: 1000),
            environment: ["PATH": "/usr/bin:/bin"])
        try configuration.makeDirectories()
        containments = try StackContainments(stack: stack, scope: directory, loop: loop)
        interpreter = try EffectInterpreter(
            configuration, loop: loop, queue: queue,
            journal: try Journal(path: configuration.journalFile, boot: "boot"), containments: containments.maker,
            exits: Exits(loop: loop), spawner: try Spawner())
    }

    deinit {
        interpreter.executions.end(immediately: true) {}
        for instance in interpreter.runningInstances { interpreter.carryOut(.kill(instance.id)) }
        var isOver = false
        containments.maker.finish { isOver = true }
        try? run { isOver }
    }

    func isKnown(_ id: UInt64) -> Bool { (try? interpreter.executions[id]) != nil }

    /// Turns the loop until the condition holds, a minute at the most.
    func run(until condition: () throws -> Bool) throws {
        var isLate = false
        let timer = loop.schedule(after: .seconds(60)) { isLate = true }
        defer { loop.cancel(timer) }
        while try !condition(), !isLate { try loop.turn(waiting: true) }
        #expect(!isLate)
    }

    // MARK: Instances

    func carryOut(_ effects: Effect...) {
        for effect in effects { interpreter.carryOut(effect) }
        events += queue.takeAll()
    }

    /// Turns the loop until an event has come for which the body has a value.
    func awaited<Value>(_ body: (Event) -> Value?) throws -> Value {
        var found: Value?
        try run {
            events += queue.takeAll()
            found = events.lazy.compactMap(body).first
            return found != nil
        }
        return try #require(found)
    }

    /// How many events of a kind have come.
    func count(_ isWanted: (Event) -> Bool) -> Int {
        events += queue.takeAll()
        return events.count(where: isWanted)
    }

    /// What was told of the subject that changes no state.
    func observations(of subject: Subject) -> [String] {
        events += queue.takeAll()
        return events.compactMap { event in
            guard case .observed(subject, .degraded(let words)) = event else { return nil }
            return words
        }
    }

    /// Spawns an instance; its failure where it could not be.
    @discardableResult
    func spawn(_ serial: UInt64, _ replica: ReplicaID, _ revision: ServiceRevision) -> SpawnFailure? {
        let id = InstanceID(serial: serial)
        carryOut(.spawn(id, replica, revision))
        return events.lazy.compactMap { event -> SpawnFailure? in
            guard case .spawnFailed(id, let failure, _) = event else { return nil }
            return failure
        }.first
    }

    /// Spawns an instance, waits for its end and lets go of it; returns what it wrote to the file that its script knows
    /// as `$OUT`.
    func output(_ serial: UInt64, _ replica: ReplicaID, _ spec: ServiceSpec) throws -> String {
        try output(serial, replica, ServiceRevision(spec))
    }

    func output(_ serial: UInt64, _ replica: ReplicaID, _ revision: ServiceRevision) throws -> String {
        try #require(spawn(serial, replica, revision) == nil)
        try end(serial)
        return try temporary.read("out")
    }

    /// Waits for an instance's end, and lets go of it.
    func end(_ serial: UInt64) throws {
        let id = InstanceID(serial: serial)
        _ = try awaited { event in if case .exited(id, _, _) = event { true } else { nil } }
        carryOut(.release(id))
    }

    /// A service of one shell script.
    func spec(_ script: String, of service: String = "web") -> ServiceSpec {
        ServiceSpec(
            name: name(service),
            process: ProcessSpec(
                command: ["/bin/sh", "-c", Template(script)],
                environment: [EnvironmentVariable(name: "OUT", value: Template("\(directory)/out"))]))
    }

    /// What is in a file; nothing where there is none.
    func read(_ file: String) throws -> String {
        access("\(directory)/\(file)", R_OK) == 0 ? try temporary.read(file) : ""
    }

    func write(_ text: String, to file: String) throws -> String {
        try temporary.write(text, to: file)
        return "\(directory)/\(file)"
    }
}
