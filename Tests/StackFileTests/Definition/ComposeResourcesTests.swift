import StackModel
import Testing

@testable import StackFile

@Suite struct ComposeResourcesTests {
    private static let gibibyte = ByteCount(1 << 30)

    @Test(arguments: [
        ("cpus: 1.5", ResourceSpec(cpus: .init(1500))), ("cpus: \"0.50\"", ResourceSpec(cpus: .init(500))),
        ("cpu_quota: 50000", ResourceSpec(cpus: .init(500))), ("cpu_quota: 50ms", ResourceSpec(cpus: .init(500))),
        (
            "cpu_quota: 100000\ncpu_period: 50000", ResourceSpec(cpus: .init(2000), cpuPeriod: 50_000)
        ),
        ("cpus: 0.5\ncpu_period: 20ms", ResourceSpec(cpus: .init(500), cpuPeriod: 20_000)),
        ("cpuset: 0-3", ResourceSpec(cpuSet: "0-3")), ("mem_limit: 1g", ResourceSpec(memory: gibibyte)),
        ("mem_limit: 1073741824", ResourceSpec(memory: gibibyte)),
        ("mem_reservation: 1g", ResourceSpec(memoryReservation: gibibyte)),
        ("pids_limit: 100", ResourceSpec(pids: 100)),
        ("mem_limit: 1g\nmemswap_limit: 3g", ResourceSpec(memory: gibibyte, swap: .init(2 << 30))),
        ("mem_limit: 1g\nmemswap_limit: 1g", ResourceSpec(memory: gibibyte, swap: .init(0))),
        (
            "deploy: {resources: {limits: {cpus: \"0.50\", memory: 50M, pids: 7}, reservations: {cpus: 0.25, memory: 20M}}}",
            ResourceSpec(
                cpus: .init(500), memory: .init(50 << 20), memoryReservation: .init(20 << 20), pids: 7,
                cpuReservation: .init(250))
        ),
        // Several names that say the same.
        ("mem_limit: 1g\nresources: {memory: 1024M}", ResourceSpec(memory: gibibyte)),
        ("cpus: 0.5\ncpu_quota: 50000\ndeploy: {resources: {limits: {cpus: 0.5}}}", ResourceSpec(cpus: .init(500))),
    ])
    func namesOfCompose(keys: String, resources: ResourceSpec) throws {
        #expect(try service(keys).resources == resources)
    }

    @Test(arguments: [
        "cpus: 0", "cpu_quota: -1", "cpu_quota: -1\ncpu_period: 50000", "cpu_quota: 0", "cpu_shares: 0", "mem_limit: 0",
        "mem_reservation: 0", "pids_limit: -1", "pids_limit: 0", "memswap_limit: -1",
        "blkio_config: {weight: 0}", "deploy: {resources: {limits: {cpus: \"0\", memory: 0, pids: -1}}}",
        "deploy: {resources: {limits: {}, reservations: {}}}", "deploy: {resources: {}}",
    ])
    func noneIsNoLimit(keys: String) throws {
        #expect(try service(keys).resources == ResourceSpec())
    }

    /// The ends and the middle keep their places: 2, 1024 and 262144 are 1, 100 and 10000.
    @Test(arguments: [
        (2, 1), (3, 2), (512, 59), (1024, 100), (2048, 174), (131_072, 5478), (262_144, 10_000),
    ])
    func sharesAreWeights(shares: Int, weight: Int) throws {
        #expect(try service("cpu_shares: \(shares)").resources.cpuWeight == weight)
    }

    @Test(arguments: [(10, 1), (100, 910), (500, 4950), (1000, 10_000)])
    func weightsOfDisks(weight: Int, expected: Int) throws {
        #expect(try service("blkio_config: {weight: \(weight)}").resources.ioWeight == expected)
    }

    @Test(arguments: [
        (
            "resources: {memory: 2G}\nmem_limit: 1g",
            "4:16: error: `mem_limit` and `resources.memory` (at 3:25) contradict each other; keep one of them"
        ),
        (
            "cpus: 1\ndeploy: {resources: {limits: {cpus: 2}}}",
            "4:41: error: `deploy.resources.limits.cpus` and `cpus` (at 3:11) contradict each other; keep one of them"
        ),
        (
            "cpus: 1\ncpu_quota: 50000",
            "4:16: error: `cpu_quota` and `cpus` (at 3:11) contradict each other; keep one of them"
        ),
        (
            "pids_limit: -1\nresources: {pids: 5}",
            "3:17: error: `pids_limit` and `resources.pids` (at 4:23) contradict each other; keep one of them"
        ),
        (
            "memswap_limit: 2g\nmem_limit: 1g\nresources: {swap: 2G}",
            "3:20: error: `memswap_limit` and `resources.swap` (at 5:23) contradict each other; keep one of them"
        ),
        (
            "memswap_limit: 1g",
            "3:20: error: `memswap_limit` is memory and swap together, and the memory has no limit; add `mem_limit`, or use `resources: {swap: …}`"
        ),
        (
            "memswap_limit: 1g\nmem_limit: 2g",
            "3:20: error: `memswap_limit` is memory and swap together, and below `mem_limit` (at 4:16); give it that much for no swap, or more"
        ),
        (
            "mem_reservation: 2g\ndeploy: {resources: {limits: {memory: 1g}}}",
            "3:22: error: `mem_reservation` is above `deploy.resources.limits.memory` (at 4:43); lower it, or raise that"
        ),
        (
            "cpu_quota: 1024000000\ncpu_period: 1000",
            "3:16: error: `cpu_quota` is more than 1024 processors; lower it, or raise `cpu_period`"
        ),
        (
            "cpu_quota: 500",
            "3:16: error: `cpu_quota` is less than the kernel can count, 1ms of each `cpu_period`; it is 0.01 or more"
        ),
        (
            "mem_limit: 5k",
            "3:16: error: `mem_limit` cannot be `5k`; it is a size such as `512M`, `2G` or `1GiB`, `1M` at least"
        ),
        ("blkio_config: {weight: 5}", "3:28: error: `weight` cannot be `5`; it is a whole number from 10 to 1000"),
        (
            "blkio_config: {device_read_bps: [{path: /dev/sda, rate: 1}]}",
            "3:20: error: `device_read_bps` is about single disks; use `weight`, which is for all of them"
        ),
        (
            "deploy: {resources: {reservations: {devices: []}}}",
            "3:41: error: `devices` hands devices to a container; the program sees the host's: leave it out"
        ),
        (
            "mem_swappiness: 0",
            "3:5: error: `mem_swappiness` is not known to cgroups of version 2; use `resources: {swap: 0}`, or the host's vm.swappiness"
        ),
    ])
    func faults(keys: String, fault: String) {
        #expect(serviceFaults(keys).map { $0.replacing("/srv/shop/stack.yaml:", with: "") } == [fault])
    }
}
