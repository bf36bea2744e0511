import StackModel

extension ListenerSpec {
    /// With the options that a socket of its kind has.
    var json: JSONValue {
        let has = Set(address.optionNames)
        let all: JSONValue = .present([
            "backlog": .integer(options.backlog), "reuse_port": .boolean(options.reusesPort),
            "keepalive": .boolean(options.keepsAlive), "fastopen": options.fastOpenQueue.map { .integer($0) },
            "mode": options.mode.map { .plain($0.octalText) }, "user": options.user.map { .plain($0) },
            "group": options.group.map { .plain($0) },
        ])
        return .object([.init("address", address.json)] + all.members.filter { has.contains($0.key) })
    }
}

extension ListenerSpec.Address {
    fileprivate var json: JSONValue {
        switch self {
        case .tcp(let host, let port): .plain(NetworkAddress.text(host: host, port: port))
        case .udp(let host, let port): .plain("udp:" + NetworkAddress.text(host: host, port: port))
        case .unix(let path, let type): .string(type.prefix + path.description)
        case .abstract(let name, let type): .string(type.prefix + "@" + name.description)
        }
    }
}

extension ListenerSpec.UnixType {
    fileprivate var prefix: String {
        switch self {
        case .stream: "unix:"
        case .datagram: "unix-dgram:"
        }
    }
}

extension PortSpec.Assignment {
    var json: JSONValue {
        switch self {
        case .automatic: "auto"
        case .fixed(let port): .integer(Int(port))
        }
    }
}

extension RouteSpec {
    var json: JSONValue {
        .present([
            "listen": listen.json, "to": .plain(port), "mode": .plain(mode.rawValue),
            "host": .nonEmpty(hosts.map { .plain($0) }), "path": .nonEmpty(paths.map { .plain($0) }),
            "drain": .duration(drain), "queue_timeout": .duration(queueTimeout),
        ])
    }
}
