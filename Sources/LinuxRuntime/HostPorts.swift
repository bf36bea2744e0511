/// Which of the host's ports may be given out.
struct HostPorts {
    /// Fewer would have the stacks of a host search the same places.
    private static let leastCount = 1000
    private static let first: UInt16 = 20_000

    var range: Range<UInt16>
    /// What the host's operator keeps for programs of his own (net.ipv4.ip_local_reserved_ports).
    var reserved: Set<UInt16> = []

    static func current() -> HostPorts {
        let directory = "/proc/sys/net/ipv4"
        let reserved = (try? ProcFile.text("\(directory)/ip_local_reserved_ports")) ?? ""
        return HostPorts(
            range: range(outside: (try? ProcFile.text("\(directory)/ip_local_port_range")) ?? ""),
            reserved: numbers(listed: reserved, as: UInt16.self))
    }

    /// Those below the range from which the kernel takes ports for outgoing connections, or else above it. Where it has
    /// left too few on both sides, the ranges overlap.
    static func range(outside local: String) -> Range<UInt16> {
        let bounds = local.split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
        let (low, high) = bounds.count == 2 ? (bounds[0], bounds[1]) : (32_768, 60_999)
        if Int(low) - Int(first) >= leastCount { return first..<low }
        if UInt16.max - high > leastCount { return (high + 1)..<UInt16.max }
        return first..<UInt16.max
    }
}
