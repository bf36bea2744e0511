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
    /// MONOTONIC_USEC: when a reload began.
    public var monotonicMicroseconds: UInt64?
    /// EXTEND_TIMEOUT_USEC: how long it needs from now on to start or stop.
    public var extendTimeoutMicroseconds: UInt64?
    /// WATCHDOG=1: it is alive.
    public var isAlive = false
    /// WATCHDOG=trigger: it has found itself broken.
    public var isBroken = false
    /// WATCHDOG_USEC: how long it may be silent from now on; 0 turns the watchdog off.
    public var watchdogMicroseconds: UInt64?
    /// MAINPID: the process that stands for the service.
    public var mainPID: Int32?
    /// ERRNO: the error that it ends for.
    public var errno: Int32?

    /// A message that says nothing.
    public init() {}

    /// Parses a datagram: lines of NAME=value. Of a name that is given twice the last counts; unknown names, malformed
    /// numbers and the descriptor store's (FDSTORE, FDNAME) are passed over.
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
        case "MONOTONIC_USEC": monotonicMicroseconds = UInt64(value) ?? monotonicMicroseconds
        case "EXTEND_TIMEOUT_USEC": extendTimeoutMicroseconds = UInt64(value) ?? extendTimeoutMicroseconds
        case "WATCHDOG" where value == "1": isAlive = true
        case "WATCHDOG" where value == "trigger": isBroken = true
        case "WATCHDOG_USEC": watchdogMicroseconds = UInt64(value) ?? watchdogMicroseconds
        case "MAINPID": mainPID = Int32(value).flatMap { $0 > 0 ? $0 : nil } ?? mainPID
        case "ERRNO": errno = Int32(value) ?? errno
        default: break
        }
    }
}
