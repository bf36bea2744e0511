/// An address at which HAProxy, run and driven by the daemon, takes requests for the replicas that are ready.
public struct RouteSpec: Hashable, Sendable {
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        case http, tcp
    }

    public var name: String
    /// A TCP address. Routes of several services may share one where the rules tell their requests apart.
    public var listen: ListenerSpec.Address
    /// The name of the port, among the service's `ports`, at which its replicas answer.
    public var port: String
    public var mode: Mode
    /// The hosts that it is for, lower case, without a port; `*.example.org` is every host below. None means all.
    public var hosts: [String]
    /// The paths that it is for, each with all below it. None means all.
    public var paths: [String]
    /// How long a replica that leaves may take for the requests that it has, before it is asked to end.
    public var drain: Duration
    /// How long a request waits while no replica is ready.
    public var queueTimeout: Duration

    public init(
        name: String, listen: ListenerSpec.Address, port: String, mode: Mode = .http, hosts: [String] = [],
        paths: [String] = [], drain: Duration = .seconds(30), queueTimeout: Duration = .seconds(30)
    ) {
        self.name = name
        self.listen = listen
        self.port = port
        self.mode = mode
        self.hosts = hosts
        self.paths = paths
        self.drain = drain
        self.queueTimeout = queueTimeout
    }
}
