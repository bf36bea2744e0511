import StackModel
import Testing

@testable import StackFile

@Suite struct ResourceTests {
    private static let gibibyte = ByteCount(1 << 30)

    @Test(arguments: [
        ("", ResourceSpec()), ("resources: {}", ResourceSpec()),
        ("resources: {cpus: 0.5}", ResourceSpec(cpus: .init(500))),
        (
            "resources: {cpus: 2, cpu_period: 50ms, cpu_weight: 10000, cpuset: \"0-3,8\", cpu_reservation: 0.25}",
            ResourceSpec(
                cpus: .init(2000), cpuPeriod: 50_000, cpuWeight: 10_000, cpuSet: "0-3,8", cpuReservation: .init(250))
        ),
        (
            "resources: {memory: 1G, memory_high: 1G, memory_reservation: 1M, swap: 0, pids: 9, io_weight: 1, cpuset: 5}",
            ResourceSpec(
                cpuSet: "5", memory: gibibyte, memoryHigh: gibibyte, memoryReservation: .init(1 << 20), swap: .init(0),
                pids: 9, ioWeight: 1)
        ),
        // A low limit with room for peaks, and a promise without a limit.
        ("resources: {memory_high: 1G}", ResourceSpec(memoryHigh: gibibyte)),
        ("resources: {memory_reservation: 1G}", ResourceSpec(memoryReservation: gibibyte)),
        ("resources: {swap: 1G}", ResourceSpec(swap: gibibyte)),
    ])
    func limits(keys: String, resources: ResourceSpec) throws {
        #expect(try service(keys).resources == resources)
    }

    @Test(arguments: [
        (
            "resources: {cpus: 0}",
            "3:23: error: `cpus` cannot be `0`; it is a number of processors above 0, such as `0.5`"
        ),
        (
            "resources: {cpus: -1}",
            "3:23: error: `cpus` cannot be `-1`; it is a number of processors above 0, such as `0.5`"
        ),
        (
            "resources: {memory: 4X}",
            "3:25: error: `memory` cannot be `4X`; it is a size such as `512M`, `2G` or `1GiB`, `1M` at least"
        ),
        (
            "resources: {memory: 512}",
            "3:25: error: `memory` cannot be `512`; it is a size such as `512M`, `2G` or `1GiB`, `1M` at least"
        ),
        ("resources: {pids: 0}", "3:23: error: `pids` cannot be `0`; it is a whole number from 1 to 4194304"),
        (
            "resources: {cpu_weight: 0}",
            "3:29: error: `cpu_weight` cannot be `0`; it is a whole number from 1 to 10000"
        ),
        (
            "resources: {cpuset: 3-1}",
            "3:25: error: `cpuset` cannot be `3-1`; it is a list of processors, such as `0-3,8`"
        ),
        (
            "resources: {cpuset: \"0,\"}",
            "3:25: error: `cpuset` cannot be `0,`; it is a list of processors, such as `0-3,8`"
        ),
        (
            "resources: {cpuset: all}",
            "3:25: error: `cpuset` cannot be `all`; it is a list of processors, such as `0-3,8`"
        ),
        (
            "resources: {cpuset: 0-1-2}",
            "3:25: error: `cpuset` cannot be `0-1-2`; it is a list of processors, such as `0-3,8`"
        ),
        (
            "resources: {cpus: 1, cpu_period: 2s}",
            "3:38: error: `cpu_period` cannot be `2s`; it is a duration from `1ms` to `1s`"
        ),
        (
            "resources: {cpus: 0.001}",
            "3:23: error: `resources.cpus` is less than the kernel can count, 1ms of each `cpu_period`; it is 0.01 or more"
        ),
        (
            "resources: {cpu_period: 50ms}",
            "3:29: error: `resources.cpu_period` is what `cpus` is counted in, and that has no limit; add `cpus`, or leave it out"
        ),
        (
            "resources: {memory: 1G, memory_high: 2G}",
            "3:42: error: `resources.memory_high` is above `resources.memory` (at /srv/shop/stack.yaml:3:25); lower it, or raise that"
        ),
        (
            "resources: {memory: 1G, memory_reservation: 2G}",
            "3:49: error: `resources.memory_reservation` is above `resources.memory` (at /srv/shop/stack.yaml:3:25); lower it, or raise that"
        ),
        (
            "resources: {cpus: 1, cpu_reservation: 1.5}",
            "3:43: error: `resources.cpu_reservation` is above `resources.cpus` (at /srv/shop/stack.yaml:3:23); lower it, or raise that"
        ),
        ("resources: {memmory: 1G}", "3:17: error: unknown key `memmory`; did you mean `memory`?"),
    ])
    func faults(keys: String, fault: String) {
        #expect(serviceFaults(keys) == [fault.replacing("/srv/shop/stack.yaml:", with: "")])
    }
}
