import StackModel

extension ServiceEntry {
    /// What each instance may use of the host, from all the names that the file has for it.
    func resources(report: inout Report) -> ResourceSpec {
        var drafts = [draft.resources?.value ?? ResourceDraft(), draft.composeResources]
        drafts += draft.deploy?.value.resources?.value.all ?? []
        let period = agreed(\.cpuPeriod, in: drafts, report: &report)
        let standard = ResourceSpec()
        let microseconds = period?.value ?? standard.cpuPeriod
        drafts.append(ResourceDraft(cpus: cpus(within: microseconds, report: &report)))
        let cpus = agreed(\.cpus, in: drafts, report: &report)
        let memory = agreed(\.memory, in: drafts, report: &report)
        drafts.append(ResourceDraft(swap: swap(beside: memory, report: &report)))
        let memoryHigh = agreed(\.memoryHigh, in: drafts, report: &report)
        let memoryReservation = agreed(\.memoryReservation, in: drafts, report: &report)
        let cpuReservation = agreed(\.cpuReservation, in: drafts, report: &report)

        check(memoryHigh, isWithin: memory, report: &report)
        check(memoryReservation, isWithin: memory, report: &report)
        check(cpuReservation, isWithin: cpus, report: &report)
        checkPeriod(period, of: cpus, report: &report)
        return ResourceSpec(
            cpus: cpus?.value, cpuPeriod: cpus?.value == nil ? standard.cpuPeriod : microseconds,
            cpuWeight: agreed(\.cpuWeight, in: drafts, report: &report)?.value,
            cpuSet: agreed(\.cpuSet, in: drafts, report: &report)?.value,
            memory: memory?.value, memoryHigh: memoryHigh?.value, memoryReservation: memoryReservation?.value,
            swap: agreed(\.swap, in: drafts, report: &report)?.value,
            pids: agreed(\.pids, in: drafts, report: &report)?.value,
            ioWeight: agreed(\.ioWeight, in: drafts, report: &report)?.value, cpuReservation: cpuReservation?.value)
    }

    /// What is given by one name, or by several that say the same.
    private func agreed<Value>(
        _ path: KeyPath<ResourceDraft, ResourceDraft.Given<Value>?>, in drafts: [ResourceDraft], report: inout Report
    ) -> ResourceDraft.Given<Value>? {
        let given = drafts.compactMap { $0[keyPath: path] }
        for other in given.dropFirst() where other.value != given[0].value {
            report.error(
                at: other.location,
                "`\(other.name)` and `\(given[0].name)` (at \(given[0].location)) contradict each other",
                remedy: "keep one of them")
        }
        return given.first
    }

    private func check<Value: Comparable>(
        _ part: ResourceDraft.Given<Value>?, isWithin whole: ResourceDraft.Given<Value>?, report: inout Report
    ) {
        guard let part, let whole, let most = whole.value, let value = part.value, value > most else { return }
        report.error(
            at: part.location, "`\(part.name)` is above `\(whole.name)` (at \(whole.location))",
            remedy: "lower it, or raise that")
    }

    // MARK: - Compose's sums

    /// Compose's `cpu_quota`, to the thousandth.
    private func cpus(within period: Int, report: inout Report) -> ResourceDraft.Given<Millicores>? {
        guard let quota = draft.composeResources.cpuQuota else { return nil }
        let cpus = quota.value.map { Millicores(max(1, ($0 * 1000 + period / 2) / period)) }
        if let cpus, cpus.thousandths > Millicores.most.thousandths {
            report.error(
                at: quota.location,
                "`\(quota.name)` is more than \(Thousandths.text(Millicores.most.thousandths)) "
                    + "processors", remedy: "lower it, or raise `cpu_period`")
        }
        return ResourceDraft.Given(name: quota.name, value: cpus, location: quota.location)
    }

    /// Compose's `memswap_limit` without the memory.
    private func swap(
        beside memory: ResourceDraft.Given<ByteCount>?, report: inout Report
    ) -> ResourceDraft.Given<ByteCount>? {
        guard let sum = draft.composeResources.memoryAndSwap else { return nil }
        var swap = ResourceDraft.Given<ByteCount>(name: sum.name, value: nil, location: sum.location)
        guard let both = sum.value else { return swap }
        guard let memory, let most = memory.value else {
            report.error(
                at: sum.location, "`\(sum.name)` is memory and swap together, and the memory has no limit",
                remedy: "add `mem_limit`, or use `resources: {swap: …}`")
            return nil
        }
        guard both >= most else {
            report.error(
                at: sum.location,
                "`\(sum.name)` is memory and swap together, and below `\(memory.name)` (at \(memory.location))",
                remedy: "give it that much for no swap, or more")
            return nil
        }
        swap.value = ByteCount(both.bytes - most.bytes)
        return swap
    }

    /// The kernel counts no less than a millisecond of each period (kernel/sched/core.c, min_cfs_quota_period).
    private func checkPeriod(
        _ period: ResourceDraft.Given<Int>?, of cpus: ResourceDraft.Given<Millicores>?, report: inout Report
    ) {
        guard let cpus, let share = cpus.value else {
            guard let period, draft.composeResources.cpuQuota == nil else { return }
            report.error(
                at: period.location, "`\(period.name)` is what `cpus` is counted in, and that has no limit",
                remedy: "add `cpus`, or leave it out")
            return
        }
        let microseconds = period?.value ?? ResourceSpec().cpuPeriod
        guard share.thousandths * microseconds < 1_000_000 else { return }
        let least = Thousandths.text((1_000_000 + microseconds - 1) / microseconds)
        report.error(
            at: cpus.location, "`\(cpus.name)` is less than the kernel can count, 1ms of each `cpu_period`",
            remedy: "it is \(least) or more")
    }
}
