import StackModel

/// What HAProxy is told about a stack's routes: the text of its configuration, and nothing that changes while it runs.
///
/// The servers are not in it: they come and go by the runtime API (`RouterLink`). Each backend has one server of its
/// own instead, `nobody`, where no connection can be made. It is a backup, so it counts only while no replica is ready,
/// and its weight is the sign by which requests know that they have to wait:
/// - A request that finds the sign waits in a few lines of Lua, because HAProxy's own queue takes only requests for
///   which some server exists, and answers 503 to the others.
/// - One that had found a replica, which then refused the connection, goes through HAProxy's retries, one a second,
///   until a replica takes it; with no server at all these would end at once.
struct RouterConfiguration: Hashable {
    /// An address at which HAProxy listens; the daemon holds its socket.
    struct Frontend: Hashable {
        var address: ListenerSpec.Address
        var backends: [Backend]

        var mode: RouteSpec.Mode { backends.contains { $0.route.mode == .tcp } ? .tcp : .http }
    }

    /// One route of one service.
    struct Backend: Hashable {
        var service: ServiceName
        var route: RouteSpec

        var name: RouteName { RouteName(service: service, route: route.name) }
    }

    /// The server of every backend that stands for "no replica is ready".
    static let nobody = "nobody"
    /// Old connections of an HAProxy that is replaced are cut after this, or the longest `drain` of its routes.
    static let shortestHardStop = Duration.seconds(30)

    let frontends: [Frontend]
    /// The account that HAProxy is to run as; nil is the daemon's own.
    let account: String?

    /// Nil where no service has a route.
    init?(of stack: StackSpec, account: String?) {
        var frontends: [Frontend] = []
        for service in stack.services {
            for route in service.routes {
                let backend = Backend(service: service.name, route: route)
                if let position = frontends.firstIndex(where: { $0.address == route.listen }) {
                    frontends[position].backends.append(backend)
                } else {
                    frontends.append(Frontend(address: route.listen, backends: [backend]))
                }
            }
        }
        guard !frontends.isEmpty else { return nil }
        self.frontends = frontends.sorted { $0.listenerName < $1.listenerName }
        self.account = account
    }

    var backends: [Backend] { frontends.flatMap(\.backends) }

    /// When HAProxy cuts the connections that it still has, after it was asked to stop.
    var hardStop: Duration { backends.map(\.route.drain).reduce(Self.shortestHardStop, max) }

    /// The name of the file with `waitScript`, beside the configuration.
    static let scriptName = "wait-\(Revision(hashing: waitScript)).lua"

    /// The text of the configuration file. It names its sockets by variables of the environment, see `RouterService`.
    var text: String {
        var text = global + defaults
        for (position, frontend) in frontends.enumerated() { text += lines(of: frontend, position) }
        for backend in backends { text += lines(of: backend) }
        return text + Self.stranger
    }
}

// MARK: - Sections

extension RouterConfiguration {
    private var global: String {
        var lines = [
            "# Written by stackd; a change would be lost.",
            "global",
            #"stats socket "unix@${STACKD_INSTANCE}.sock" mode 600 level admin"#,
            "stats timeout 1d",
            "stats maxconn 20",
            // As many connections as the limit of descriptors allows, but no memory for a million that never come.
            "fd-hard-limit 131072",
            "hard-stop-after \(hardStop.milliseconds)ms",
            // One that is replaced says so in each answer; only clients that are idle for a moment see it hang up,
            // which at once would be in the middle of the next request of a busy one.
            "close-spread-time 2s",
            "lua-load \(Self.scriptName)",
        ]
        if let account { lines += ["user \(account)", "group \(account)"] }
        return Self.section(lines)
    }

    private var defaults: String {
        Self.section([
            "defaults",
            "timeout connect 5s",
            "timeout http-request 15s",
            "timeout http-keep-alive 60s",
            "timeout tunnel 1h",
            "timeout client-fin 30s",
            "timeout server-fin 30s",
            // Another server after a connection that could not be made, at once. What a server may have seen of a
            // request is never sent to another.
            "option redispatch 1",
            "retry-on conn-failure",
            // All backups: the plain way asks the first one also when it has no weight.
            "option allbackups",
        ])
    }

    private func lines(of frontend: Frontend, _ position: Int) -> String {
        // A client that waits for its turn is not idle.
        let longest = frontend.backends.map(\.route.queueTimeout).reduce(.zero, max) + .seconds(10)
        var lines = ["frontend \(frontend.name)"]
        lines += [
            "mode \(frontend.mode.rawValue)",
            #"bind "fd@${\#(RouterService.variable(position))}""#,
            "log stdout format raw daemon",
            "option dontlog-normal",
            "option dontlognull",
        ]
        switch frontend.mode {
        case .tcp:
            lines += ["option tcplog", "timeout client \(max(longest, .seconds(3600)).milliseconds)ms"]
            lines += frontend.backends.prefix(1).map { "default_backend \($0.name)" }
        case .http:
            lines += [
                "option httplog", "option forwardfor",
                "http-after-response set-header Connection close if { stopping }",
                "timeout client \(max(longest, .seconds(60)).milliseconds)ms",
            ]
            lines += RouteRule.inOrder(of: frontend.backends).map(\.line)
            lines.append("default_backend \(Self.strangerName)")
        }
        return Self.section(lines)
    }

    private func lines(of backend: Backend) -> String {
        let (route, name) = (backend.route, backend.name)
        let limit = route.queueTimeout.milliseconds
        // One a second; more than the limit would be of no use.
        let retries = max(3, min(limit / 1000, 1000))
        let waits = "lua.stackd_wait \(name) \(limit) if { srv_weight(\(name)/\(Self.nobody)) gt 0 }"
        let hasWaited = "{ var(txn.stackd_expired) -m bool }"
        var lines = ["backend \(name)", "# \(route.port)", "mode \(route.mode.rawValue)", "retries \(retries)"]
        switch route.mode {
        case .http:
            lines += [
                "balance roundrobin", "timeout server 5m", "option abortonclose",
                "http-request \(waits)",
                "http-request return status 503 content-type text/plain hdr Retry-After 1"
                    + " string \"no replica of \(backend.service) is ready\\n\" if \(hasWaited)",
            ]
        case .tcp:
            lines += [
                "balance leastconn", "timeout server 1h",
                // The end of the wait is the script's to find; this only has to be later.
                "tcp-request inspect-delay \(limit + 1000)ms",
                "tcp-request content \(waits)",
                "tcp-request content reject if \(hasWaited)",
            ]
        }
        lines.append("server \(Self.nobody) 127.255.255.254:1 backup")
        return Self.section(lines)
    }

    private static let strangerName = "no-route"

    /// Requests that no route is for.
    private static let stranger = section([
        "backend \(strangerName)", "mode http",
        #"http-request return status 404 content-type text/plain string "no route is for this host and path\n""#,
    ])

    private static func section(_ lines: [String]) -> String {
        lines.enumerated().map { ($0 == 0 || $1.hasSuffix("global") ? "" : "    ") + $1 + "\n" }.joined() + "\n"
    }

    /// The name of the socket at which waiting requests call, beside the configuration.
    static let callSocket = "waiting.sock"

    /// Keeps a request until a replica is ready, or its time is up.
    ///
    /// It calls stackd, which thereby knows that somebody waits, and which hangs up when there is a replica; so it goes on
    /// at once, and a service that was down to none is started. A call takes a connection, so there are at most 200 a
    /// second. Who gets none looks again and again; the more requests wait, the more rarely each, so that all together
    /// cost about a twentieth of a processor however many they are. `is_draining` says 0 or 1 in releases before 2.8.
    static let waitScript = """
        local instance = os.getenv("STACKD_INSTANCE")

        local function is_open(nobody)
            local is_draining = nobody:is_draining()
            return is_draining == true or is_draining == 1
        end

        local function milliseconds()
            local now = core.now()
            return now.sec * 1000 + now.usec // 1000
        end

        local calls_left, counted_at = 200, 0

        local function may_call()
            local now = milliseconds()
            local earned = (now - counted_at) // 5
            if earned > 0 then
                calls_left, counted_at = math.min(200, calls_left + earned), now
            end
            calls_left = math.max(0, calls_left - 1)
            return calls_left > 0
        end

        local function call(backend, limit)
            local line = core.tcp()
            line:settimeout(math.min(1000, limit) / 1000)
            if line:connect("unix@\(callSocket)") then
                line:send(instance .. " " .. backend .. "\\n")
                line:receive(1)
            end
            line:close()
        end

        core.register_action("stackd_wait", { "http-req", "tcp-req" }, function(txn, backend, limit)
            local nobody = core.backends[backend].servers["nobody"]
            local finish = milliseconds() + tonumber(limit)
            while not is_open(nobody) do
                local left = finish - milliseconds()
                if left <= 0 then
                    txn:set_var("txn.stackd_expired", true)
                    return
                end
                if may_call() then
                    call(backend, left)
                end
                if not is_open(nobody) then
                    core.msleep(math.min(1000, math.max(2, txn.f:be_conn(backend) // 20)))
                end
            end
        end, 2)

        """
}

extension RouterConfiguration.Frontend {
    /// Its name in HAProxy, which is no backend's. In TCP mode it has one route's name, whose refusals it counts.
    var name: String {
        switch mode {
        case .http: "_\(words)"
        case .tcp: "_\(backends.first.map { "\($0.name)" } ?? words)"
        }
    }

    /// Of the socket that the daemon holds: without colons, which separate the names in LISTEN_FDNAMES.
    var listenerName: String { words.map { $0 == ":" ? "_" : String($0) }.joined() }

    /// `127.0.0.1:8080`; HAProxy does not take an asterisk.
    private var words: String {
        guard case .tcp(let host, let port) = address else { return "\(address)" }
        return "\(host == "*" ? "any" : host):\(port)"
    }
}

extension Duration {
    /// Whole ones, for HAProxy, which knows no smaller part; at most its longest time, 24 days.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return min(max(0, seconds), 24 * 86_400) * 1000 + max(0, attoseconds) / 1_000_000_000_000_000
    }
}
