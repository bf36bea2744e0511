/// What a service says of itself by sd_notify(3).
public struct NotifyMessage: Hashable, Sendable {
    /// READY=1: it has started, or has finished reloading.
    public var isReady = false
    /// RELOADING=1: it reads its configuration again.
    public var isReloading = false
    /// STOPPING=1: it is about to end.
    public var isStopping = false
    /// STATUS: one line for people.
    public var status: String?
    /// EXTEND_TIMEOUT_USEC: how long it needs from now on to start or stop.
    public var extendTimeoutMicroseconds: UInt64?
    /// WATCHDOG=1: it is alive.
    public var isAlive = false
    /// WATCHDOG=trigger: it has found itself broken.
    public var isBroken = false

    /// A message that says nothing.
    public init() {}

    /// Parses a datagram: lines of NAME=value. Of a name that is given twice the last counts; malformed numbers
    /// and all names that are not below (MAINPID, WATCHDOG_USEC, FDSTORE, …) are passed over.
    public init(parsing bytes: some Collection<UInt8>) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: line[..<equals], as: UTF8.self)
            set(name, String(decoding: line[line.index(after: equals)...], as: UTF8.self))
        }
    }

    private mutating func set(_ name: String, _ value: String) {
        switch name {
        case "READY": isReady = value == "1"
        case "RELOADING": isReloading = value == "1"
        case "STOPPING": isStopping = value == "1"
        case "STATUS": status = value
        case "EXTEND_TIMEOUT_USEC": extendTimeoutMicroseconds = UInt64(value) ?? extendTimeoutMicroseconds
        case "WATCHDOG" where value == "1": isAlive = true
        case "WATCHDOG" where value == "trigger": isBroken = true
        default: break
        }
    }
}
