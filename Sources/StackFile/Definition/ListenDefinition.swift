import StackModel

/// A listener as the file gives it, without its name.
struct ListenerDraft: Hashable, Sendable {
    var address: ListenerSpec.Address
    var options = ListenerSpec.Options()
}

extension Definition where Value == [NamedValue<Located<ListenerDraft>>] {
    static let listeners: Definition = dictionary(
        of: Definition<ListenerDraft>.listener.located,
        form: "a mapping of names to addresses, such as `{http: \"127.0.0.1:8000\"}`", name: .endpoint("a listener"))
}

extension Definition where Value == [NamedValue<Located<PortSpec.Assignment>>] {
    static let ports: Definition = Definition<Value>.forms(
        "a mapping of names to `auto` or a number, such as `{admin: auto}`",
        sequence: Definition(form: "", schema: false) { node, _, report in
            report.error(
                at: node.location, "a list of ports is for containers: nothing is mapped on the host",
                remedy: "give each port that the program binds a name: `ports: {http: 8080}`, or `auto`")
            return nil
        },
        mapping: dictionary(
            of: Definition<PortSpec.Assignment>.assignment.located, form: "a mapping of ports",
            name: .endpoint("a port")))
}

extension Definition where Value == PortSpec.Assignment {
    static let assignment: Definition = scalar(
        "`auto`, or a number from 1 to 65535",
        schema: ["anyOf": [["type": "integer", "minimum": 1, "maximum": 65535], ["enum": ["auto"]]]]
    ) { text, _ in text == "auto" ? .automatic : NetworkAddress.port(text).map { .fixed($0) } }
}

/// The long form of a listener.
struct ListenerKeys: Sendable {
    fileprivate var address: Located<ListenerSpec.Address>?
    fileprivate var backlog: Located<Int>?
    fileprivate var reusesPort: Located<Bool>?
    fileprivate var keepsAlive: Located<Bool>?
    fileprivate var fastOpenQueue: Located<Int>?
    fileprivate var mode: Located<UInt16>?
    fileprivate var user: Located<UserDraft>?
    fileprivate var group: Located<String>?
}

extension Definition where Value == ListenerDraft {
    static let listener: Definition = forms(
        Definition<ListenerSpec.Address>.words,
        scalar: Definition<ListenerSpec.Address>.address.map { ListenerDraft(address: $0) },
        mapping: Definition<ListenerKeys>.mapping(
            "a listener", ListenerKeys.init, required: ["address"],
            refused: [RefusedKey("owner", "is `user` and `group` here", "write `user: shop`, or `user: shop:web`")],
            fields: ListenerKeys.fields
        ).refine { keys, _, report in
            guard let address = keys.address?.value else { return nil }
            keys.checkKind(of: address, &report)
            if let group = keys.group, keys.user?.value.group != nil {
                report.error(at: group.location, "the group is given twice", remedy: "keep `group`, or that of `user`")
            }
            let standard = ListenerSpec.Options()
            return ListenerDraft(
                address: address,
                options: ListenerSpec.Options(
                    backlog: keys.backlog?.value ?? standard.backlog,
                    reusesPort: keys.reusesPort?.value ?? standard.reusesPort,
                    keepsAlive: keys.keepsAlive?.value ?? standard.keepsAlive,
                    fastOpenQueue: keys.fastOpenQueue?.value, mode: keys.mode?.value,
                    user: keys.user?.value.user, group: keys.group?.value ?? keys.user?.value.group))
        })
}

extension ListenerKeys {
    static let fields: [Field<ListenerKeys>] = [
        Field("address", \.address, .address, "Where to listen."),
        Field(
            "backlog", \.backlog, .integer(1...1_000_000), default: "4096",
            "How many connections may wait; the kernel's net.core.somaxconn is above it. TCP and unix stream sockets."),
        Field(
            "reuse_port", \.reusesPort, .boolean, default: "false",
            "Others may bind the same address (SO_REUSEPORT). TCP and UDP."),
        Field(
            "keepalive", \.keepsAlive, .boolean, default: "false",
            "Accepted connections are probed when they are idle (SO_KEEPALIVE). TCP."),
        Field(
            "fastopen", \.fastOpenQueue, .integer(1...65535),
            "Data is taken with the first packet (TCP_FASTOPEN), of so many connections at a time. TCP."),
        Field(
            "mode", \.mode, .permissions(example: "0660"), default: "0666",
            "The permissions of the socket's file, as systemd's SocketMode. Unix sockets with a path."),
        Field(
            "user", \.user, .user, default: "the daemon's",
            "Whom the file belongs to, as systemd's SocketUser. Unix sockets with a path."),
        Field(
            "group", \.group, .group, default: "the user's, else the daemon's",
            "The file's group, as systemd's SocketGroup. Unix sockets with a path."),
    ]

    /// An option that nothing would come of is a mistake.
    fileprivate func checkKind(of address: ListenerSpec.Address, _ report: inout Report) {
        let has = Set(address.optionNames)
        let given = [
            ("backlog", backlog?.location), ("reuse_port", reusesPort?.location), ("keepalive", keepsAlive?.location),
            ("fastopen", fastOpenQueue?.location), ("mode", mode?.location), ("user", user?.location),
            ("group", group?.location),
        ]
        for (name, location) in given {
            guard let location, !has.contains(name) else { continue }
            report.error(
                at: location, "\(address.kind) has no `\(name)`",
                remedy: has.isEmpty
                    ? "leave it out"
                    : "what it has is " + address.optionNames.map { "`\($0)`" }.joined(separator: ", "))
        }
    }
}

extension ListenerSpec.Address {
    /// What it is, for messages.
    fileprivate var kind: String {
        switch self {
        case .tcp: "a TCP socket"
        case .udp: "a UDP socket"
        case .unix(_, .stream): "a unix stream socket"
        case .unix(_, .datagram): "a unix datagram socket"
        case .abstract(_, .stream): "an abstract stream socket"
        case .abstract(_, .datagram): "an abstract datagram socket"
        }
    }

    /// The options that a socket of its kind has.
    var optionNames: [String] {
        switch self {
        case .tcp: ["backlog", "reuse_port", "keepalive", "fastopen"]
        case .udp: ["reuse_port"]
        case .unix(_, .stream): ["backlog", "mode", "user", "group"]
        case .unix(_, .datagram): ["mode", "user", "group"]
        case .abstract(_, .stream): ["backlog"]
        case .abstract(_, .datagram): []
        }
    }
}
