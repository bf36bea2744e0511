/// What one daemon gives its clients at the most; sizes in bytes.
public struct Limits: Sendable {
    /// Connections that each of `Holder.Pool` has at one time; further ones are told so.
    public var connections = 64
    /// Of them those that follow events or logs: fewer, so that an operator always gets in.
    public var streams = 48
    /// So much of either one user may have who is not `admin`: this part of it.
    public var userShare = 0.25
    public var headerSize = 16 << 10
    public var bodySize = 64 << 10
    /// How long a connection may do nothing.
    public var idleTimeout = Duration.seconds(30)
    /// How long the body of a request may take to come.
    public var bodyTimeout = Duration.seconds(10)
    /// How often a stream says that it lives when there is nothing else to say.
    public var heartbeat = Duration.seconds(15)
    /// How long a client may take nothing before it is cut off.
    public var stallTimeout = Duration.seconds(60)
    /// How long requests under way have to end when the server stops.
    public var stopTimeout = Duration.seconds(1)

    public init() {}
}
