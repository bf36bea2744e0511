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

    var windows: [Window] = []
    var orders: [Order] = []
    var healsAt: Instant
    var ending: Ending

    init(for stack: StackSpec, random: inout SplitMix64) {
        let length = random.chance(percent: 10) ? 400_000 : random.chance(percent: 50) ? 15_000 : 60_000
        let span = random.number(in: 1_000...length)
        healsAt = .origin.advanced(by: .milliseconds(span))
        ending =
            random.chance(percent: 70) ? .everythingStarts : random.pick([.shutdownAmidFaults, .immediateShutdown])
        for _ in 0..<random.below(6) {
            windows.append(Self.window(within: span, stack: stack, random: &random))
        }
        for _ in 0..<(random.chance(percent: 50) ? random.below(7) : 0) {
            let time = Instant.origin.advanced(by: random.milliseconds(0...span))
            orders.append(Order(time: time, command: Self.command(for: stack, random: &random)))
        }
        if ending != .everythingStarts {
            let time = Instant.origin.advanced(by: random.milliseconds(0...span))
            orders.removeAll { $0.time >= time }
            orders.append(Order(time: time, command: .shutdown(immediately: ending == .immediateShutdown)))
            // A second Ctrl-C: what takes too long is cut short.
            if ending == .shutdownAmidFaults && random.chance(percent: 30) {
                let second = time.advanced(by: random.milliseconds(0...5_000))
                orders.append(Order(time: second, command: .shutdown(immediately: true)))
            }
            // Whoever comes after that is too late.
            if random.chance(percent: 30) {
                let late = time.advanced(by: random.milliseconds(0...20_000))
                orders.append(Order(time: late, command: Self.command(for: stack, random: &random)))
            }
        }
        orders.sort { $0.time < $1.time }
        for index in orders.indices { orders[index].meetsDeadline = random.chance(percent: 40) }
    }

    private static func window(within span: Int, stack: StackSpec, random: inout SplitMix64) -> Window {
        let start = random.chance(percent: 40) ? 0 : random.below(span)
        var faults = FaultSet(random.pick(Fault.allCases))
        if random.chance(percent: 30) { faults.formUnion(FaultSet(random.pick(Fault.allCases))) }
        return Window(
            start: .origin.advanced(by: .milliseconds(start)),
            end: .origin.advanced(by: random.milliseconds(start...span)),
            service: random.chance(percent: 25) ? nil : random.below(stack.services.count), faults: faults)
    }

    private static func command(for stack: StackSpec, random: inout SplitMix64) -> Command {
        var names: [ServiceName] = []
        if random.chance(percent: 80) {
            for _ in 0...random.below(2) { names.append(random.pick(stack.services).name) }
        }
        return switch random.below(10) {
        case 0..<3: .start(names)
        case 3..<6: .stop(names)
        default: .restart(names)
        }
    }

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
