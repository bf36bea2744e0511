/// One call of `grpc.health.v1.Health/Check` over HTTP/2 in clear text: what to send for what was received.
///
/// It is as little of HTTP/2 (RFC 9113) as a client needs that makes one call and closes the connection, and of gRPC's
/// mapping onto it as a call with one small message each way needs.
struct GRPCHealthConversation {
    struct Step: Hashable {
        var reply: [UInt8] = []
        var result: ProbeResult?
    }

    private enum FrameType {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let resetStream: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let continuation: UInt8 = 9
    }

    private enum Flag {
        static let acknowledgement: UInt8 = 0x1
        static let endStream: UInt8 = 0x1
        static let endHeaders: UInt8 = 0x4
        static let padded: UInt8 = 0x8
        static let priority: UInt8 = 0x20
    }

    private struct Frame {
        var type: UInt8
        var flags: UInt8
        var stream: UInt32
        var payload: ArraySlice<UInt8>
    }

    private static let frameLimit = 16 << 10
    private static let headerLimit = 32 << 10
    private static let messageLimit = 1 << 10

    private let authority: String
    private let service: String
    private var received: [UInt8] = []
    private var sawSettings = false
    /// The header block that frames are being collected for, and whether the stream ends with it.
    private var headerBlock: (bytes: [UInt8], endsStream: Bool)?
    private var fields: [HeaderBlock.Field] = []
    private var message: [UInt8] = []

    init(authority: String, service: String) {
        self.authority = authority
        self.service = service
    }

    // MARK: Sending

    /// The connection's preface and the whole call.
    var opening: [UInt8] {
        // HEADER_TABLE_SIZE 0 and ENABLE_PUSH 0.
        let settings: [UInt8] = [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]
        let headers = [
            (":method", "POST"), (":scheme", "http"), (":path", "/grpc.health.v1.Health/Check"),
            (":authority", authority), ("te", "trailers"), ("content-type", "application/grpc"),
            ("user-agent", "stackd"),
        ].flatMap { HeaderBlock.encode($0, $1) }
        // A HealthCheckRequest: field 1 is the service's name, absent when it is empty.
        let name = Array(service.utf8)
        let request = name.isEmpty ? [] : [0x0A] + Self.varint(name.count) + name
        let body: [UInt8] = [0] + Self.bigEndian(UInt32(request.count)) + request
        return Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(FrameType.settings, 0, stream: 0, settings)
            + Self.frame(FrameType.headers, Flag.endHeaders, stream: 1, headers)
            + Self.frame(FrameType.data, Flag.endStream, stream: 1, body)
    }

    private static func frame(_ type: UInt8, _ flags: UInt8, stream: UInt32, _ payload: some Collection<UInt8>)
        -> [UInt8]
    {
        bigEndian(UInt32(payload.count)).dropFirst() + [type, flags] + bigEndian(stream) + payload
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func varint(_ number: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    // MARK: Receiving

    /// Takes the next piece of what the server sent in.
    mutating func feed(_ bytes: some Sequence<UInt8>) throws(ProbeFailure) -> Step {
        received += bytes
        var step = Step()
        while step.result == nil, let frame = try nextFrame() { try process(frame, &step) }
        return step
    }

    private mutating func nextFrame() throws(ProbeFailure) -> Frame? {
        // Every HTTP/2 server begins with a settings frame on stream 0; the fourth byte tells.
        if !sawSettings, received.count > 3, received[3] != FrameType.settings {
            throw ProbeFailure("not an HTTP/2 server: \(excerpt(of: received, limit: 60))")
        }
        guard received.count >= 9 else { return nil }
        let length = received[0..<3].reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.frameLimit else { throw ProbeFailure("an HTTP/2 frame is longer than allowed") }
        guard received.count >= 9 + length else { return nil }
        let stream = received[5..<9].reduce(0) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let frame = Frame(type: received[3], flags: received[4], stream: stream, payload: received[9..<(9 + length)])
        received.removeFirst(9 + length)
        sawSettings = true
        return frame
    }

    private mutating func process(_ frame: Frame, _ step: inout Step) throws(ProbeFailure) {
        guard (frame.type == FrameType.continuation) == (headerBlock != nil) else {
            throw ProbeFailure("HTTP/2 frames in a forbidden order")
        }
        switch frame.type {
        case FrameType.settings where frame.flags & Flag.acknowledgement == 0:
            step.reply += Self.frame(FrameType.settings, Flag.acknowledgement, stream: 0, [])
        case FrameType.ping where frame.flags & Flag.acknowledgement == 0:
            step.reply += Self.frame(FrameType.ping, Flag.acknowledgement, stream: 0, frame.payload)
        case FrameType.headers where frame.stream == 1:
            let block = try Self.content(of: frame)
            headerBlock = (Array(block), frame.flags & Flag.endStream != 0)
            try endHeaderBlock(frame, &step)
        case FrameType.continuation where frame.stream == 1:
            headerBlock?.bytes += frame.payload
            try endHeaderBlock(frame, &step)
        case FrameType.data where frame.stream == 1:
            message += try Self.content(of: frame)
            guard message.count <= Self.messageLimit else { throw ProbeFailure("the answer is no health status") }
            if frame.flags & Flag.endStream != 0 { step.result = verdict }
        case FrameType.resetStream where frame.stream == 1:
            throw ProbeFailure("the server refused the call: HTTP/2 error \(Self.number(frame.payload.prefix(4)))")
        case FrameType.goAway:
            let error = Self.number(frame.payload.dropFirst(4).prefix(4))
            // Without an error it only says that no further call is taken.
            if error != 0 { throw ProbeFailure("the server closes the connection: HTTP/2 error \(error)") }
        default:
            break  // window updates, and what future versions add
        }
    }

    private mutating func endHeaderBlock(_ frame: Frame, _ step: inout Step) throws(ProbeFailure) {
        guard let block = headerBlock else { return }
        guard block.bytes.count <= Self.headerLimit else { throw ProbeFailure("the header of the answer is too long") }
        guard frame.flags & Flag.endHeaders != 0 else { return }
        headerBlock = nil
        fields += try HeaderBlock.decode(block.bytes)
        if block.endsStream { step.result = verdict }
    }

    /// A frame's payload without padding and priority.
    private static func content(of frame: Frame) throws(ProbeFailure) -> ArraySlice<UInt8> {
        var payload = frame.payload
        var padding = 0
        if frame.flags & Flag.padded != 0 { padding = Int(payload.popFirst() ?? 0) }
        if frame.type == FrameType.headers, frame.flags & Flag.priority != 0 { payload = payload.dropFirst(5) }
        guard padding <= payload.count else { throw ProbeFailure("malformed HTTP/2 frame") }
        return payload.dropLast(padding)
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    // MARK: Judging

    private var verdict: ProbeResult {
        func value(_ name: String) -> String? { fields.last { $0.name == name }?.value }
        if let status = value("grpc-status"), status != "0" {
            let text = excerpt(of: Self.percentDecoded(value("grpc-message") ?? ""))
            return .failed("gRPC status \(Self.name(ofStatus: status))" + (text.isEmpty ? "" : ": \(text)"))
        }
        if let status = value(":status"), status != "200" {
            return .failed("HTTP status \(excerpt(of: status.utf8, limit: 8)), no gRPC")
        }
        switch healthStatus {
        case 1: return .passed
        case 0: return .failed("UNKNOWN, wanted SERVING")
        case 2: return .failed("NOT_SERVING, wanted SERVING")
        case 3: return .failed("SERVICE_UNKNOWN, wanted SERVING")
        case let other?: return .failed("health status \(other), wanted SERVING")
        case nil: return .failed("the answer holds no health status")
        }
    }

    /// Field 1 of the HealthCheckResponse, which is 0 when absent; nil where there is no such message.
    private var healthStatus: Int? {
        guard message.count >= 5, message[0] == 0, message.count - 5 == Int(Self.number(message[1..<5])) else {
            return nil
        }
        var rest = message[5...]
        var status = 0
        while let key = rest.popFirst() {
            // Only varints are expected: a later version that adds other fields would be another service.
            guard key & 7 == 0, let value = Self.popVarint(&rest) else { return nil }
            if key >> 3 == 1 { status = value }
        }
        return status
    }

    private static func popVarint(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        var value = 0
        for shift in stride(from: 0, through: 28, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    /// The names of gRPC's status codes, by number.
    private static let statusNames = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    private static func name(ofStatus text: String) -> String {
        guard let number = Int(text), statusNames.indices.contains(number) else {
            return excerpt(of: text.utf8, limit: 8)
        }
        return "\(number) \(statusNames[number])"
    }

    private static func percentDecoded(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
