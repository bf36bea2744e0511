import CLinux
import Glibc

/// A conversation with sock_diag(7), in which the kernel tells of sockets, whoever has them.
///
/// Throws where that is not built in or is forbidden (seccomp).
struct SocketDiagnosis: ~Copyable {
    private let socket: Descriptor

    init() throws(SystemError) {
        let kind = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue)
        socket = Descriptor(owning: try checkLibc(Glibc.socket(AF_NETLINK, kind, NETLINK_SOCK_DIAG), "sock_diag"))
    }

    /// The TCP sockets of a family that are in these states, and have a port that the filter lets pass.
    borrowing func inet(
        _ family: Int32, states: SocketStates, _ filter: PortFilter, _ body: (inet_diag_msg) -> Void
    ) throws(SystemError) {
        var request = inet_diag_req_v2()
        request.sdiag_family = UInt8(truncatingIfNeeded: family)
        request.sdiag_protocol = UInt8(IPPROTO_TCP)
        request.idiag_states = states.rawValue
        try dump(request, attribute: filter.program) { answer in
            if answer.count >= MemoryLayout<inet_diag_msg>.size { body(answer.loadUnaligned(as: inet_diag_msg.self)) }
        }
    }

    /// The unix sockets in these states, with the attributes that are shown (`UDIAG_SHOW_…`).
    borrowing func unix(
        states: SocketStates, show: Int32, _ body: (unix_diag_msg, SocketAttributes) -> Void
    ) throws(SystemError) {
        var request = unix_diag_req()
        request.sdiag_family = UInt8(AF_UNIX)
        request.udiag_states = states.rawValue
        request.udiag_show = UInt32(show)
        let size = MemoryLayout<unix_diag_msg>.size
        try dump(request, attribute: []) { answer in
            guard answer.count >= size else { return }
            let attributes = SocketAttributes(bytes: UnsafeRawBufferPointer(rebasing: answer[size...]))
            body(answer.loadUnaligned(as: unix_diag_msg.self), attributes)
        }
    }

    // MARK: netlink(7)

    private static let headerSize = MemoryLayout<nlmsghdr>.size

    /// Asks for all that a request matches, and hands over the answers one by one.
    private borrowing func dump<Request: BitwiseCopyable>(
        _ request: Request, attribute: [UInt8], _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SystemError) {
        var header = nlmsghdr()
        header.nlmsg_len = UInt32(Self.headerSize + MemoryLayout<Request>.size + attribute.count)
        header.nlmsg_type = UInt16(SOCK_DIAG_BY_FAMILY)
        header.nlmsg_flags = UInt16(NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH)
        let message = withUnsafeBytes(of: header, Array.init) + withUnsafeBytes(of: request, Array.init) + attribute
        try checkLibc(Int32(clamping: send(socket.number, message, message.count, 0)), "sock_diag")
        try withUnsafeTemporaryAllocation(byteCount: 32 << 10, alignment: 16) { (buffer) throws(SystemError) in
            // The kernel has an answer ready when send or the receive before returns. The bound is for one that never
            // says "done".
            for _ in 0..<65_536 {
                let count = recv(socket.number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                try checkLibc(Int32(clamping: count), "sock_diag")
                if try Self.parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]), body) { return }
            }
            throw SystemError(errno: EPROTO, operation: "sock_diag")
        }
    }

    /// Reads one datagram of messages; true when the dump is complete.
    private static func parse(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SystemError) -> Bool {
        var rest = bytes
        while rest.count >= headerSize {
            let header = rest.loadUnaligned(as: nlmsghdr.self)
            let length = Int(header.nlmsg_len)
            guard length >= headerSize, length <= rest.count else { break }
            let content = UnsafeRawBufferPointer(rebasing: rest[headerSize..<length])
            switch Int32(header.nlmsg_type) {
            case NLMSG_DONE:
                return true
            case NLMSG_ERROR where content.count >= 4:
                throw SystemError(errno: abs(content.loadUnaligned(as: Int32.self)), operation: "sock_diag")
            case SOCK_DIAG_BY_FAMILY:
                body(content)
            default:
                break
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst((length + 3) & ~3))
        }
        guard rest.isEmpty else { throw SystemError(errno: EPROTO, operation: "sock_diag") }
        return false
    }
}

/// The states of net/tcp_states.h, which unix sockets have, too.
struct SocketStates: OptionSet {
    let rawValue: UInt32

    static let listeningNumber: UInt8 = 10

    static let established = SocketStates(rawValue: 1 << 1)
    static let listening = SocketStates(rawValue: 1 << listeningNumber)
}

/// What the kernel adds to what it tells of a socket.
struct SocketAttributes {
    let bytes: UnsafeRawBufferPointer

    /// The content of one, by its number; valid as long as the answer is.
    subscript(kind: Int) -> UnsafeRawBufferPointer? {
        let headerSize = MemoryLayout<nlattr>.size
        var rest = bytes
        while rest.count >= headerSize {
            let header = rest.loadUnaligned(as: nlattr.self)
            let length = Int(header.nla_len)
            guard length >= headerSize, length <= rest.count else { return nil }
            if Int(header.nla_type) == kind { return UnsafeRawBufferPointer(rebasing: rest[headerSize..<length]) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst((length + 3) & ~3))
        }
        return nil
    }
}

/// Has the kernel tell only of sockets with certain local ports: of all that a host has, that may be very few.
struct PortFilter {
    /// The kernel tries them one after the other for each socket; what lies between ranges that were joined passes.
    private static let mostRanges = 16

    /// Ascending, and apart.
    private(set) var ranges: [ClosedRange<UInt16>] = []

    init(_ ports: some Sequence<UInt16>) {
        for port in Set(ports).sorted() {
            if let last = ranges.last, Int(last.upperBound) + 1 == Int(port) {
                ranges[ranges.count - 1] = last.lowerBound...port
            } else {
                ranges.append(port...port)
            }
        }
        while ranges.count > Self.mostRanges { joinNearest() }
    }

    private mutating func joinNearest() {
        let gaps = ranges.indices.dropLast().map { ranges[$0 + 1].lowerBound - ranges[$0].upperBound }
        guard let nearest = gaps.indices.min(by: { gaps[$0] < gaps[$1] }) else { return }
        let upper = ranges.remove(at: nearest + 1).upperBound
        ranges[nearest] = ranges[nearest].lowerBound...upper
    }

    /// The attribute of a request that holds the kernel's program (linux/inet_diag.h). For each range: at least its
    /// first port, or else on to the next range; at most its last, or else, too; and then it is one.
    var program: [UInt8] {
        var operations: [inet_diag_bc_op] = []
        func add(_ code: Int, yes: Int, no: Int) {
            operations.append(inet_diag_bc_op(code: UInt8(code), yes: UInt8(yes), no: UInt16(no)))
        }
        let size = MemoryLayout<inet_diag_bc_op>.size
        for (index, range) in ranges.enumerated() {
            // A comparison is two operations, of which the second only holds the port. A jump behind the end by one
            // operation refuses the socket.
            let isLast = index == ranges.count - 1
            add(Int(INET_DIAG_BC_S_GE), yes: 2 * size, no: (isLast ? 6 : 5) * size)
            add(Int(INET_DIAG_BC_NOP), yes: 0, no: Int(range.lowerBound))
            add(Int(INET_DIAG_BC_S_LE), yes: 2 * size, no: (isLast ? 4 : 3) * size)
            add(Int(INET_DIAG_BC_NOP), yes: 0, no: Int(range.upperBound))
            add(Int(INET_DIAG_BC_JMP), yes: size, no: (ranges.count - index) * 5 * size - 4 * size)
        }
        let code = operations.flatMap { withUnsafeBytes(of: $0, Array.init) }
        let header = nlattr(
            nla_len: UInt16(MemoryLayout<nlattr>.size + code.count), nla_type: UInt16(INET_DIAG_REQ_BYTECODE))
        return withUnsafeBytes(of: header, Array.init) + code
    }
}
