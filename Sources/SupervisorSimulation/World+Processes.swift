import StackModel
import SupervisorCore

/// The lives of processes.
extension World {
    private func faults(of process: Process) -> FaultSet {
        process.faults.union(plan.faults(of: process.service, at: now))
    }

    // MARK: Birth

    mutating func birth(_ id: InstanceID) -> Event? {
        guard var process = processes[id], case .spawning = process.main else { return nil }
        let faults = plan.faults(of: process.service, at: now)
        if faults.contains(.executableMissing) {
            processes[id]?.main = .gone
            let failure = SpawnFailure(stage: "executable", errno: 2, message: "execve: No such file or directory")
            return .spawnFailed(id, failure, isTransient: false)
        }
        if faults.contains(.noRoom) {
            processes[id]?.main = .gone
            let failure = SpawnFailure(stage: "clone", errno: 11, message: "clone: Resource temporarily unavailable")
            return .spawnFailed(id, failure, isTransient: true)
        }
        process.main = .running
        process.faults = faults
        if faults.contains(.leavingProcesses) || faults.contains(.leavingStubbornProcesses) {
            process.leftovers = random.number(in: 1...3)
        }
        processes[id] = process
        decideFate(process)
        scheduleWords(process)
        return .spawned(id, pid: makePID())
    }

    private mutating func decideFate(_ process: Process) {
        if flaw(of: process) == .crashes {
            schedule(.fate(process.id, .exited(code: 1)), after: random.microseconds(0...200_000))
        } else if process.faults.contains(.endingEarly) && random.chance(percent: 80) {
            schedule(.fate(process.id, .exited(code: 0)), after: random.microseconds(0...200_000))
        } else if process.faults.contains(.starving) && random.chance(percent: 60) {
            schedule(.outOfMemory(process.id), after: random.milliseconds(0...10_000))
        } else if process.faults.contains(.crashing) && random.chance(percent: 80) {
            let status: ExitStatus =
                random.chance(percent: 50) ? .exited(code: 1) : .signalled(Signal(number: 11), coreDumped: true)
            let delay = random.milliseconds(random.chance(percent: 50) ? 0...300 : 0...20_000)
            schedule(.fate(process.id, random.chance(percent: 10) ? .exited(code: 0) : status), after: delay)
        } else if process.faults.contains(.leaving) && random.chance(percent: 80) {
            let delay = random.milliseconds(0...10_000)
            schedule(.notification(process.id, .stopping), after: delay)
            // Having said so, it does it, also in a world that has healed since.
            let status = ExitStatus.exited(code: random.chance(percent: 70) ? 0 : 1)
            schedule(.end(process.id, status), after: delay + random.milliseconds(0...3_000))
        } else if isOneShot(process) && !process.faults.contains(.hanging) {
            schedule(.end(process.id, .exited(code: 0)), after: random.milliseconds(1...3_000))
        }
    }

    /// What it is going to say on its NOTIFY_SOCKET and write to its output.
    private mutating func scheduleWords(_ process: Process) {
        let id = process.id
        if process.spec.saysReady {
            let isLate = process.faults.contains(.notifyingLate)
            schedule(.notification(id, .ready), after: random.milliseconds(isLate ? 500...20_000 : 1...400))
        }
        if let limit = process.spec.watchdog { schedule(.watchdog(id), after: limit / 2) }
        if process.faults.contains(.statusFlood) {
            for number in 0..<20 {
                schedule(.notification(id, .status("at step \(number)")), after: random.milliseconds(0...50))
            }
        }
        if process.faults.contains(.extendingTimeouts) {
            for _ in 0..<3 {
                let notification = Notification.extendTimeout(random.milliseconds(0...5_000))
                schedule(.notification(id, notification), after: random.milliseconds(0...5_000))
            }
        }
        if process.faults.contains(.reloading) {
            let start = random.milliseconds(0...3_000)
            schedule(.notification(id, .reloading), after: start)
            schedule(.notification(id, .ready), after: start + random.milliseconds(0...2_000))
        }
        if process.faults.contains(.reportingBroken) {
            schedule(.notification(id, .broken), after: random.milliseconds(0...10_000))
        }
        if process.faults.contains(.diskFull) {
            let start = random.milliseconds(0...2_000)
            schedule(.observation(id, .outputDropping(why: "No space left on device")), after: start)
            schedule(
                .observation(id, .outputResumed(droppedLines: 40, droppedBytes: 4_096)), after: start + .seconds(2))
        }
    }

    // MARK: Words

    /// A message that arrives when its sender is gone, or even released, was in the socket's queue.
    mutating func notify(_ id: InstanceID, _ notification: Notification) -> Event? {
        guard let process = processes[id] else { return random.chance(percent: 10) ? .notified(id, notification) : nil }
        switch process.main {
        case .spawning: return nil
        case .gone: return random.chance(percent: 50) ? .notified(id, notification) : nil
        case .running: break
        }
        switch notification {
        case .ready:
            let faults = faults(of: process)
            if faults.contains(.hanging) || faults.contains(.notifyingNever) { return nil }
            if flaw(of: process) == .staysUnready { return nil }
            processes[id]?.hasSaidReady = true
        case .broken:
            // The world has healed since.
            if process.faults.isEmpty { return nil }
        case .reloading, .stopping, .watchdog, .status, .extendTimeout: break
        }
        return .notified(id, notification)
    }

    mutating func feedWatchdog(_ id: InstanceID) -> Event? {
        guard let process = processes[id], case .running = process.main, let limit = process.spec.watchdog else {
            return nil
        }
        schedule(.watchdog(id), after: limit / 2)
        let faults = faults(of: process)
        return faults.contains(.hanging) || faults.contains(.notifyingNever) ? nil : .notified(id, .watchdog)
    }

    // MARK: Stop

    mutating func runHook(_ id: InstanceID) {
        guard let process = processes[id] else { return }
        processes[id]?.isHookRunning = true
        let faults = faults(of: process)
        if faults.contains(.hooksHanging) && random.chance(percent: 70) { return }
        let outcome: PreStopOutcome = random.chance(percent: 80) ? .succeeded : .failed("exited with status 1")
        schedule(.hookEnd(id, outcome), after: random.milliseconds(0...(random.chance(percent: 80) ? 300 : 5_000)))
    }

    mutating func endHook(_ id: InstanceID, _ outcome: PreStopOutcome) -> Event? {
        guard let process = processes[id], process.isHookRunning else { return nil }
        processes[id]?.isHookRunning = false
        reportIfEmpty(id)
        return .preStopFinished(id, outcome)
    }

    mutating func signal(_ id: InstanceID, _ signal: Signal, _ scope: SignalScope) {
        guard let process = processes[id] else { return }
        guard scope == .allProcesses || signal == process.spec.stop.signal else { return startle(process, signal) }
        let faults = faults(of: process)
        if case .running = process.main, !faults.contains(.hanging), !faults.contains(.ignoringSignals) {
            let status: ExitStatus =
                random.chance(percent: 50) ? .exited(code: 0) : .signalled(signal, coreDumped: false)
            let most = random.chance(percent: 80) ? 200 : random.chance(percent: 80) ? 2_000 : 12_000
            schedule(.end(id, status), after: random.milliseconds(0...most))
            if process.spec.saysReady && random.chance(percent: 50) {
                schedule(.notification(id, .stopping), after: random.milliseconds(0...most))
            }
        }
        if scope == .allProcesses, process.hasCompany, !faults.contains(.leavingStubbornProcesses) {
            schedule(.leftoversEnd(id), after: random.milliseconds(0...300))
        }
    }

    /// Somebody has sent it a signal that is not the one to end it.
    private mutating func startle(_ process: Process, _ signal: Signal) {
        guard case .running = process.main, signal == .kill || random.chance(percent: 30) else { return }
        schedule(.end(process.id, .signalled(signal, coreDumped: false)), after: random.milliseconds(0...200))
    }

    mutating func kill(_ id: InstanceID) {
        guard let process = processes[id] else { return }
        let isLingering = faults(of: process).contains(.lingering)
        let status = ExitStatus.signalled(.kill, coreDumped: false)
        let most = isLingering ? 6_000_000 : 2_000
        if case .running = process.main { schedule(.end(id, status), after: random.microseconds(0...most)) }
        if process.hasCompany { schedule(.leftoversEnd(id), after: random.microseconds(0...most)) }
    }

    // MARK: Death

    mutating func end(_ id: InstanceID, _ status: ExitStatus) -> Event? {
        guard let process = processes[id], case .running = process.main else { return nil }
        processes[id]?.main = .gone
        // Some of what a process leaves behind ends by itself.
        if process.hasCompany, !faults(of: process).contains(.leavingStubbornProcesses), random.chance(percent: 30) {
            schedule(.leftoversEnd(id), after: random.milliseconds(0...3_000))
        }
        return .exited(id, status, leftovers: process.hasCompany)
    }

    mutating func endLeftovers(_ id: InstanceID) -> Event? {
        guard let process = processes[id], process.hasCompany else { return nil }
        processes[id]?.leftovers = 0
        processes[id]?.isHookRunning = false
        reportIfEmpty(id)
        return process.isHookRunning ? .preStopFinished(id, .failed("was ended by a signal")) : nil
    }

    private mutating func reportIfEmpty(_ id: InstanceID) {
        guard let process = processes[id], case .gone = process.main, !process.hasCompany else { return }
        schedule(.emptied(id), after: .zero)
    }

    // MARK: Healing

    /// Nothing goes wrong any more, also with what was made before.
    mutating func heal() {
        for id in processes.keys.sorted() {
            guard let process = processes[id] else { continue }
            let faults = process.faults
            processes[id]?.faults = []
            guard case .running = process.main, flaw(of: process) != .crashes else { continue }
            if !isOneShot(process) || faults.contains(.hanging) { processes[id]?.isSpared = true }
            if isOneShot(process) {
                schedule(.end(id, .exited(code: 0)), after: random.milliseconds(0...1_000))
            }
            guard flaw(of: process) == nil || flaw(of: process) == .measuresBadly else { continue }
            processes[id]?.unansweredRuns = []
            for run in process.unansweredRuns {
                schedule(.probeAnswer(id, run, .passed), after: random.milliseconds(0...1_000))
            }
            if process.spec.saysReady && !process.hasSaidReady {
                schedule(.notification(id, .ready), after: random.milliseconds(0...1_000))
            }
        }
    }
}
