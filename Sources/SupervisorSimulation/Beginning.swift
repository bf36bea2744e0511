import StackModel
import SupervisorCore

/// How a daemon begins: what an earlier one has left to know, and which services it is to start.
struct Beginning {
    /// Empty means every service.
    var names: [ServiceName] = []
    var restored = Supervisor.RestoredState()

    /// The first daemon ever, which starts everything.
    init() {}

    init(for stack: StackSpec, random: inout SplitMix64) {
        if random.chance(percent: 15) { names = [random.pick(stack.services).name] }
        guard random.chance(percent: 40) else { return }
        restored.nextInstance = UInt64(random.number(in: 1...1_000_000))
        for service in stack.services where random.chance(percent: 60) {
            restored.desired[service.name] = random.chance(percent: 70) ? .stopped : .running
        }
        for service in stack.services where random.chance(percent: 10) {
            let rule: Scale.Rule = service.autoscale != nil && random.chance(percent: 50) ? .autoscaler : .manual
            restored.scales[service.name] = Scale(random.below(6), by: rule)
        }
    }
}
