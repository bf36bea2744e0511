import StackModel

extension ResourceSpec {
    /// Nil where there is no limit at all.
    var json: JSONValue? {
        JSONValue.present([
            "cpus": cpus.map { .processors($0) },
            "cpu_period": cpus == nil ? nil : .duration(.microseconds(cpuPeriod)),
            "cpu_reservation": cpuReservation.map { .processors($0) },
            "cpu_weight": cpuWeight.map { .integer($0) }, "cpuset": cpuSet.map { .plain($0) },
            "memory": memory.map { .size($0) }, "memory_high": memoryHigh.map { .size($0) },
            "memory_reservation": memoryReservation.map { .size($0) }, "swap": swap.map { .size($0) },
            "pids": pids.map { .integer($0) }, "io_weight": ioWeight.map { .integer($0) },
        ]).unlessEmpty
    }
}

extension JSONValue {
    static func processors(_ count: Millicores) -> JSONValue { .number(Thousandths.text(count.thousandths)) }
    static func size(_ count: ByteCount) -> JSONValue { .plain(count.description) }
}
