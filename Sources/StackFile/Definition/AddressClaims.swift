import StackModel

/// The ports and sockets that are bound, by the daemon or by programs: nothing can be bound twice.
struct AddressClaims {
    /// What may bind the same address, too.
    enum Sharing {
        case nothing
        /// Others that set SO_REUSEPORT.
        case reusers
        /// Other routes, which HAProxy tells apart by their rules.
        case routes(RouteSpec.Mode)
    }

    private struct Claim {
        /// Nil where the program itself decides.
        let host: String?
        let owner: ServiceName
        let sharing: Sharing
        let location: SourceLocation
    }

    private struct Port: Hashable {
        var isUDP: Bool
        var number: UInt16
    }

    private var ports: [Port: [Claim]] = [:]
    private var names: [String: SourceLocation] = [:]

    /// A port that a program binds where it likes; that it is one of TCP is what is usual.
    mutating func add(_ port: UInt16, of owner: ServiceName, at location: SourceLocation, report: inout Report) {
        add(
            Claim(host: nil, owner: owner, sharing: .nothing, location: location),
            at: Port(isUDP: false, number: port), &report)
    }

    /// - Parameter context: where directories stand for themselves, so that equal texts mean equal paths.
    mutating func add(
        _ address: ListenerSpec.Address, of owner: ServiceName, sharing: Sharing, context: Template.Context,
        at location: SourceLocation, report: inout Report
    ) {
        switch address {
        case .tcp(let host, let port):
            add(
                Claim(host: host, owner: owner, sharing: sharing, location: location),
                at: Port(isUDP: false, number: port), &report)
        case .udp(let host, let port):
            add(
                Claim(host: host, owner: owner, sharing: sharing, location: location),
                at: Port(isUDP: true, number: port), &report)
        case .unix(let path, _):
            add(path, key: path.filled(in: context), remedy: "give each its own path", at: location, &report)
        case .abstract(let name, let type):
            // Streams and datagrams have names of their own.
            let key = "\(type.rawValue) @\(name.filled(in: context))"
            add("@\(name)", key: key, remedy: "give each its own name", at: location, &report)
        }
    }

    private mutating func add(
        _ name: some CustomStringConvertible, key: String, remedy: String, at location: SourceLocation,
        _ report: inout Report
    ) {
        if let first = names[key] {
            report.error(at: location, "the socket `\(name)` is there twice, first at \(first)", remedy: remedy)
        }
        names[key] = names[key] ?? location
    }

    private mutating func add(_ claim: Claim, at port: Port, _ report: inout Report) {
        if let other = ports[port]?.first(where: { Self.exclude($0, claim) }) {
            let name = port.isUDP ? "UDP port \(port.number)" : "port \(port.number)"
            let owners =
                other.owner == claim.owner
                ? "`\(claim.owner)` binds \(name) twice"
                : "`\(other.owner)` and `\(claim.owner)` both bind \(name)"
            report.error(
                at: claim.location, "\(owners), first at \(other.location)",
                remedy: Self.remedy(for: other.sharing, claim.sharing))
        }
        ports[port, default: []].append(claim)
    }

    private static func exclude(_ left: Claim, _ right: Claim) -> Bool {
        guard let first = left.host, let second = right.host else { return true }
        guard NetworkAddress.overlap(first, second) else { return false }
        switch (left.sharing, right.sharing) {
        case (.reusers, .reusers): return false
        case (.routes(.http), .routes(.http)):
            return first != second
        case (.nothing, _), (.reusers, _), (.routes, _): return true
        }
    }

    private static func remedy(for left: Sharing, _ right: Sharing) -> String {
        switch (left, right) {
        case (.routes(.http), .routes(.http)): "write the very same address, or give one of them another port"
        case (.routes, .routes): "give one of them another port, or both `mode: http` and rules"
        case (.nothing, _), (.reusers, _), (.routes, _): "give one of them another port"
        }
    }
}
