import LinuxRuntime
import StackModel
import SupervisorCore

/// The probes: from what the core asks for to what the runtime can check.
extension EffectInterpreter {
    func startProbe(_ run: ProbeRun, of instance: LiveInstance) {
        guard let spec = instance.spec.probes[run.role] else { return }
        do throws(ProbeObstacle) {
            let check = try check(spec.handler, run, of: instance)
            // The task is kept after its result: it may still be taking leave, which the end of the instance cuts
            // short.
            let begin = MonotonicTime.now
            let task = probes.start(check) { [queue, telemetry, id = instance.id, weak instance] result in
                if let instance {
                    instance.noteProbe(hasPassed: result == .passed)
                    telemetry.probeTook(
                        begin.duration(to: .now), run.role, of: instance.replica, hasPassed: result == .passed)
                }
                queue.post(.probeFinished(id, run, ProbeOutcome(result)))
            }
            instance.probes[run.role] = (run, task)
        } catch {
            queue.post(.probeFinished(instance.id, run, .failed(error.words)))
        }
    }

    func cancelProbe(_ run: ProbeRun, of instance: LiveInstance) {
        guard let probe = instance.probes[run.role], probe.run == run else { return }
        instance.probes[run.role] = nil
        probe.task.cancel()
    }

    /// Has the instance's output looked at for its `log` probes, from its first line on, or from now on for those that
    /// it did not have before.
    func watchLog(of instance: LiveInstance, unlessAsIn former: ProbeSet = ProbeSet()) throws(SpawnFailure) {
        for role in ProbeRole.allCases {
            guard let handler = instance.spec.probes[role]?.handler, handler != former[role]?.handler,
                case .log(let pattern) = handler
            else { continue }
            do throws(ProbePatternError) {
                instance.watchLog(for: role, try LogPattern(pattern))
            } catch {
                throw SpawnFailure(stage: "probe", errno: 0, message: error.description)
            }
        }
    }

    /// Why a run cannot even begin.
    private struct ProbeObstacle: Error {
        var words: String
    }

    private func check(
        _ handler: ProbeHandler, _ run: ProbeRun, of instance: LiveInstance
    ) throws(ProbeObstacle) -> ProbeCheck {
        switch handler {
        case .exec(let command):
            return .exec(program(command, run, of: instance))
        case .http(let probe):
            return .http(
                HTTPCheck(
                    host: probe.host, port: try number(of: probe.port, for: instance),
                    path: probe.path.filled(in: instance.context),
                    headers: probe.headers.map { ($0.name, $0.value.filled(in: instance.context)) },
                    status: probe.status, body: probe.body))
        case .tcp(let host, let port):
            return .tcp(host: host, port: try number(of: port, for: instance))
        case .unix(let path):
            return .unix(path: launcher.absolute(path.filled(in: instance.context)))
        case .grpc(let host, let port, let service):
            return .grpc(GRPCCheck(host: host, port: try number(of: port, for: instance), service: service))
        case .log:
            guard let watch = instance.logWatches[run.role] else {
                throw ProbeObstacle(words: "its output is not watched")
            }
            return .log(watch)
        case .notify:
            throw ProbeObstacle(words: "READY=1 is waited for, not asked for")
        case .listening(let port):
            return .listening(
                ListeningCheck(port: try number(of: port, for: instance)) {
                    [containment = instance.containment] () throws(SystemError) in try containment.members()
                })
        case .mcp(let probe):
            return .mcp(try check(probe, run, of: instance))
        }
    }

    private func check(
        _ probe: MCPProbe, _ run: ProbeRun, of instance: LiveInstance
    ) throws(ProbeObstacle) -> MCPCheck {
        switch probe.transport {
        case .stdio(let command):
            MCPCheck(transport: .stdio(program(command, run, of: instance)), tools: probe.tools)
        case .http(let host, let port, let path):
            MCPCheck(
                transport: .http(
                    host: host, port: try number(of: port, for: instance), path: path.filled(in: instance.context)),
                tools: probe.tools)
        }
    }

    /// A command in the surroundings of the instance, but in a containment of its own: it ends with its run.
    private func program(_ command: [Template], _ run: ProbeRun, of instance: LiveInstance) -> ProbeProgram {
        var request = instance.request
        request.arguments = command.map { $0.filled(in: instance.context) }
        let name = "\(instance.id.serial)-\(run.role)-\(run.number)"
        return ProbeProgram(request: request) { [containments] () throws(SystemError) in try containments.make(name) }
    }

    private func number(of port: ProbePort, for instance: LiveInstance) throws(ProbeObstacle) -> UInt16 {
        switch port {
        case .number(let number):
            return number
        case .named(let name):
            guard let number = namedPorts(of: instance)[name] else {
                throw ProbeObstacle(words: "there is no port \(name)")
            }
            return number
        }
    }
}

extension ProbeSet {
    subscript(role: ProbeRole) -> ProbeSpec? {
        switch role {
        case .startup: startup
        case .readiness: readiness
        case .liveness: liveness
        }
    }
}

extension ProbeOutcome {
    init(_ result: ProbeResult) {
        self =
            switch result {
            case .passed: .passed
            case .failed(let seen): .failed(seen)
            }
    }
}
