import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit
@testable import LinuxRuntime

@Suite(.serialized) struct EffectInterpreterLimitsTests {
    private let bench: Bench
    private let replica = ReplicaID(service: name("web"), index: 0)

    init() throws {
        bench = try Bench()
    }

    private var told: [String] { bench.observations(of: .service(replica.service)) }

    private func misses(_ resources: LimitedResource...) -> [UnenforcedLimit] {
        bench.containments.maker.unenforceable.filter { resources.contains($0.resource) }
    }

    @Test func whatTheHostDoesNotEnforceIsToldWhenItChanges() throws {
        var spec = bench.spec("exec sleep 300")
        spec.resources = ResourceSpec(memory: ByteCount(text: "64M"))
        bench.spawn(1, replica, ServiceRevision(spec))
        bench.spawn(2, replica, ServiceRevision(spec))
        var expected = [misses(.memory)].filter { !$0.isEmpty }
        #expect(told == expected.map { "this host does not enforce \($0.words)" })
        #expect(bench.interpreter.enforcedMemory(of: spec) == (expected.isEmpty ? ByteCount(text: "64M") : nil))
        // What runs adopts other limits.
        spec.resources.pids = 100
        bench.carryOut(.adopt(InstanceID(serial: 1), ServiceRevision(spec)))
        bench.carryOut(.adopt(InstanceID(serial: 2), ServiceRevision(spec)))
        if !misses(.pids).isEmpty { expected.append(misses(.memory, .pids)) }
        #expect(told == expected.map { "this host does not enforce \($0.words)" })
        for serial in [1, 2] as [UInt64] {
            bench.carryOut(.kill(InstanceID(serial: serial)))
            try bench.end(serial)
        }
        bench.carryOut(.record(.removed(replica.service)))
        #expect(bench.interpreter.unenforced.isEmpty)
    }

    @Test func words() {
        let limits = [
            UnenforcedLimit(.cpus, because: "no cpu controller"),
            UnenforcedLimit(.memory, because: "no memory controller"),
            UnenforcedLimit(.cpuWeight, because: "no cpu controller"),
        ]
        #expect(limits.words == "cpus and cpu_weight (no cpu controller), memory (no memory controller)")
    }

    @Test func everyKeyOfTheFileIsALimit() {
        let spec = ResourceSpec(
            cpus: Millicores(500), cpuPeriod: 50_000, cpuWeight: 20, cpuSet: "0-1", memory: ByteCount(text: "512M"),
            memoryHigh: ByteCount(text: "400M"), memoryReservation: ByteCount(text: "100M"), swap: ByteCount(text: "0"),
            pids: 64, ioWeight: 30)
        let limits = ControlGroupLimits(spec)
        #expect(LimitedResource.allCases.allSatisfy(limits.names))
        #expect(limits.cpuQuota == 500 && limits.cpuPeriod == 50_000)
        #expect(limits.cpuWeight == 20 && limits.cpuset == "0-1")
        #expect(limits.memoryMax == 512 << 20 && limits.memoryHigh == 400 << 20 && limits.memoryLow == 100 << 20)
        #expect(limits.swapMax == 0 && limits.pidsMax == 64 && limits.ioWeight == 30)
        #expect(ControlGroupLimits(ResourceSpec()) == ControlGroupLimits())
    }
}

@Suite struct LimitWarningsTests {
    private func service(_ text: String, _ resources: ResourceSpec, replicas: Int = 1) -> ServiceSpec {
        ServiceSpec(name: name(text), process: ProcessSpec(command: ["x"]), replicas: replicas, resources: resources)
    }

    private let host = HostLoad(
        cpuPressure: nil, memoryPressure: nil, ioPressure: nil, memory: 8 << 30, availableMemory: nil, processors: 2000)

    @Test func whatCannotBeEnforced() {
        let warnings = LimitWarnings(unenforceable: [UnenforcedLimit(.pids, because: "no pids controller")], host: host)
        let services = [service("a", ResourceSpec(pids: 3)), service("b", ResourceSpec(cpus: Millicores(100)))]
        #expect(warnings.warnings(for: services) == ["a: this host does not enforce pids (no pids controller)"])
    }

    @Test func whatIsMoreThanTheHostHas() {
        let warnings = LimitWarnings(unenforceable: [], host: host)
        let half = ResourceSpec(cpus: Millicores(1000), memory: ByteCount(text: "4G"))
        #expect(warnings.warnings(for: [service("a", half, replicas: 2)]).isEmpty)
        #expect(
            warnings.warnings(for: [service("a", half, replicas: 2), service("b", half)]) == [
                "the limits of all replicas add up to 3 cpus, and the host has 2",
                "the limits of all replicas add up to 12GiB of memory, and the host has 8GiB",
            ])
        let boundless = ResourceSpec(memory: ByteCount(Int64.max))
        #expect(warnings.warnings(for: [service("a", boundless, replicas: 3)]).count == 1)
    }
}
