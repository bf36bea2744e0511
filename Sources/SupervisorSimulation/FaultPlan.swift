import StackModel
import SupervisorCore

/// One way in which the world misbehaves.
enum Fault: Int, CaseIterable {
    /// Processes end by themselves, badly, some while after they were made.
    case crashing
    /// Processes say STOPPING=1 and end by themselves.
    case leaving
    /// Processes end at once with exit status 0.
    case endingEarly
    /// Processes answer nothing: no probe, no signal but SIGKILL, no READY=1.
    case hanging
    /// The stop signal ends nothing.
    case ignoringSignals
    /// Other processes of the instance outlive the main one.
    case leavingProcesses
    /// As above, and those ignore the stop signal.
    case leavingStubbornProcesses
    /// A process that is killed is gone only after seconds (uninterruptible sleep).
    case lingering
    /// Making a process takes seconds.
    case spawningSlowly
    case executableMissing
    /// Making a process fails with EAGAIN.
    case noRoom
    case probesFailing
    case probesFlapping
    case probesSilent
    /// Answers arrive though the run was cancelled.
    case answersLate
    case notifyingLate
    /// No READY=1 and no WATCHDOG=1.
    case notifyingNever
    /// WATCHDOG=trigger.
    case reportingBroken
    case statusFlood
    case extendingTimeouts
    case reloading
    case hooksHanging
    case listenersFailing
    case diskFull
    /// The daemon's timers are served late.
    case timersLate
    /// Clients keep their connections until whoever they are with is gone.
    case clientsStaying
    case measuringBadly
    /// There is nothing to measure, or no way to.
    case measuringNothing
    case measuringLate
    /// The host has more to do than it can.
    case hostPressed
    /// The host has hardly any memory left, or little to promise.
    case hostShort
    /// Processes, or parts of them, are killed for want of memory.
    case starving
}

struct FaultSet: OptionSet {
    let rawValue: UInt32

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    init(_ fault: Fault) {
        rawValue = 1 << UInt32(fault.rawValue)
    }

    func contains(_ fault: Fault) -> Bool {
        rawValue & (1 << UInt32(fault.rawValue)) != 0
    }
}

/// What goes wrong in a world and when, and what its operator asks for meanwhile; after `healsAt` nothing goes wrong.
struct FaultPlan {
    struct Window {
        var start: Instant
        var end: Instant
        /// Of the service at this index; nil is every service.
        var service: Int?
        var faults: FaultSet
    }

    /// What the operator asks for.
    struct Order {
        var time: Instant
        var command: Command
        /// It comes at the very moment of the core's next deadline after that time.
        var meetsDeadline = false

        fileprivate var isApply: Bool {
            if case .apply = command { true } else { false }
        }
    }

    /// How the operator's part ends, once the world is healed.
    enum Ending: CaseIterable {
        /// Everything is started, and is to come up; then the stack is shut down.
        case everythingStarts
        /// The stack is shut down while faults last, and is to end when they do.
        case shutdownAmidFaults
        /// As above, immediately.
        case immediateShutdown
    }

    /// A run that a schedule has come due.
    struct Due {
        var time: Instant
        var service: ServiceName
    }

    var windows: [Window] = []
    /// The stack that the world begins with, and those that are applied to it, in their order.
    private(set) var stacks: [StackSpec]
    var dues: [Due] = []
    var orders: [Order] = []
    var healsAt: Instant
    var ending: Ending
    /// Revisions that are bad stay so when the world heals.
    var flawsLast: Bool

    init(for stack: StackSpec, random: inout SplitMix64) {
        let length = random.chance(percent: 10) ? 400_000 : random.chance(percent: 50) ? 15_000 : 60_000
        let span = random.number(in: 1_000...length)
        healsAt = .origin.advanced(by: .milliseconds(span))
        ending =
            random.chance(percent: 70) ? .everythingStarts : random.pick([.shutdownAmidFaults, .immediateShutdown])
        flawsLast = random.chance(percent: 50)
        stacks = [stack]
        makeOrders(within: span, random: &random)
        let services = Universe(stacks).services
        for _ in 0..<random.below(6) {
            windows.append(Self.window(within: span, services: services.count, random: &random))
        }
        for service in services where stacks.contains(where: { $0.isScheduled(service.name) }) {
            for _ in 0..<random.below(10) {
                let time = Instant.origin.advanced(by: random.milliseconds(0...span))
                dues.append(Due(time: time, service: service.name))
                // Soon after another, and at the very same moment.
                guard random.chance(percent: 50) else { continue }
                let delay = random.chance(percent: 20) ? .zero : random.milliseconds(0...4_000)
                dues.append(Due(time: time.advanced(by: delay), service: service.name))
            }
        }
        if ending != .everythingStarts {
            let time = Instant.origin.advanced(by: random.milliseconds(0...span))
            orders.removeAll { $0.time >= time }
            let isImmediate = ending == .immediateShutdown
            let grace = isImmediate ? nil : Self.grace(random: &random)
            orders.append(Order(time: time, command: .shutdown(immediately: isImmediate, grace: grace)))
            // A second Ctrl-C: what takes too long is cut short.
            if ending == .shutdownAmidFaults && random.chance(percent: 30) {
                let second = time.advanced(by: random.milliseconds(0...5_000))
                orders.append(Order(time: second, command: .shutdown(immediately: true)))
            }
            // Whoever comes after that is too late.
            if random.chance(percent: 30) {
                let late = time.advanced(by: random.milliseconds(0...20_000))
                orders.append(Order(time: late, command: Self.command(for: stacks[0], random: &random)))
            }
        }
        orders.sort { $0.time < $1.time }
        for index in orders.indices { orders[index].meetsDeadline = random.chance(percent: 40) }
    }

    /// What the operator asks for while the world lasts, each stack that he applies being made of the one before.
    private mutating func makeOrders(within span: Int, random: inout SplitMix64) {
        guard random.chance(percent: 50) else { return }
        var generator = StackGenerator(random: random.split())
        var times: [Int] = []
        for _ in 0..<random.below(7) {
            times.append(random.number(in: 0...span))
            // Soon after another: somebody thinks better of it.
            if random.chance(percent: 25) { times.append(min(times[times.count - 1] + random.below(2_000), span)) }
        }
        for time in times.sorted() {
            let latest = stacks[stacks.count - 1]
            var command = Self.command(for: latest, random: &random)
            if random.chance(percent: orders.last?.isApply == true ? 50 : 30) {
                let isReturn = random.chance(percent: 20)
                let next = isReturn ? random.pick(stacks) : generator.successor(of: latest, number: stacks.count + 1)
                stacks.append(next)
                command = .apply(next, atOnce: random.chance(percent: 10))
            }
            orders.append(Order(time: .origin.advanced(by: .milliseconds(time)), command: command))
        }
    }

    /// To how many replicas services are scaled.
    var scales: [(ServiceName, Int)] {
        orders.compactMap { order in
            if case .scale(let name, let number) = order.command { (name, number) } else { nil }
        }
    }

    private static func window(within span: Int, services: Int, random: inout SplitMix64) -> Window {
        let start = random.chance(percent: 40) ? 0 : random.below(span)
        var faults = FaultSet(random.pick(Fault.allCases))
        if random.chance(percent: 30) { faults.formUnion(FaultSet(random.pick(Fault.allCases))) }
        return Window(
            start: .origin.advanced(by: .milliseconds(start)),
            end: .origin.advanced(by: random.milliseconds(start...span)),
            service: random.chance(percent: 25) ? nil : random.below(services), faults: faults)
    }

    private static func command(for stack: StackSpec, random: inout SplitMix64) -> Command {
        var names: [ServiceName] = []
        if random.chance(percent: 80) {
            for _ in 0...random.below(2) { names.append(random.pick(stack.services).name) }
        }
        let name = random.pick(stack.services).name
        return switch random.below(19) {
        case 0..<3: .start(names)
        case 3..<6: .stop(names, grace: grace(random: &random))
        case 6..<11: .restart(names, restart(of: stack, random: &random))
        case 11..<14: .scale(name, random.below(6))
        case 14..<18: .rollout(name, action(random: &random))
        default:
            .signal(
                name, replica: random.chance(percent: 50) ? nil : random.below(3),
                random.pick([.hangup, .terminate, .interrupt, .kill]))
        }
    }

    private static func restart(of stack: StackSpec, random: inout SplitMix64) -> RestartOptions {
        var options = RestartOptions(
            because: random.chance(percent: 80) ? .request : .filesChanged(random.number(in: 1...3)),
            grace: grace(random: &random), atOnce: random.chance(percent: 15))
        guard random.chance(percent: 30) else { return options }
        for service in stack.services {
            guard let path = service.executable?.path else { continue }
            let file = ExecutableFile(path: path, digest: "d\(random.below(1_000))")
            options.executables[service.name] = file
        }
        return options
    }

    private static func action(random: inout SplitMix64) -> RolloutAction {
        switch random.below(8) {
        case 0..<2: .pause
        case 2..<4: .resume
        case 4: .promote(fully: false)
        case 5: .promote(fully: true)
        default: .undo(to: random.chance(percent: 70) ? nil : random.number(in: 1...4))
        }
    }

    /// Some are in a hurry.
    private static func grace(random: inout SplitMix64) -> Duration? {
        random.chance(percent: 20) ? random.milliseconds(0...longestGrace) : nil
    }

    /// In milliseconds.
    static let longestGrace = 3_000

    /// What goes wrong with a service at a time.
    func faults(of service: Int, at time: Instant) -> FaultSet {
        guard time < healsAt else { return [] }
        var result: FaultSet = []
        for window in windows where window.start <= time && time < window.end {
            if window.service == nil || window.service == service { result.formUnion(window.faults) }
        }
        return result
    }
}

extension StackSpec {
    fileprivate func isScheduled(_ name: ServiceName) -> Bool {
        services.contains { $0.name == name && $0.schedule != nil }
    }
}
