import FoundationEssentials

/// The body of `POST /v1/services/{name}/exec` and `POST /v1/services/{name}/run`.
public struct ExecutionRequest: Hashable, Codable, Sendable {
    public struct TerminalSize: Hashable, Codable, Sendable {
        public var rows: Int
        public var columns: Int

        public init(rows: Int, columns: Int) {
            self.rows = rows
            self.columns = columns
        }
    }

    /// `exec`: required. `run`: the service's own where it is empty.
    public var command: [String]
    /// Over those of the service.
    public var environment: [String: String]
    /// In place of the service's.
    public var user: String?
    /// In place of the service's; absolute, or relative to the stack's directory.
    public var workingDirectory: String?
    /// `exec`: beside which replica; nil is the first that runs.
    public var replica: Int?
    /// A terminal of that size is its standard input, output and error; nil is pipes.
    public var terminal: TerminalSize?
    /// Its standard input comes by `POST /v1/executions/{id}/input`; otherwise it is empty.
    public var input: Bool
    /// It goes on when the client goes away, and its output goes to the service's log.
    public var detach: Bool

    public init(
        command: [String], environment: [String: String] = [:], user: String? = nil, workingDirectory: String? = nil,
        replica: Int? = nil, terminal: TerminalSize? = nil, input: Bool = false, detach: Bool = false
    ) {
        self.command = command
        self.environment = environment
        self.user = user
        self.workingDirectory = workingDirectory
        self.replica = replica
        self.terminal = terminal
        self.input = input
        self.detach = detach
    }

    enum CodingKeys: String, CodingKey {
        case command, environment, user, replica, terminal, input, detach
        case workingDirectory = "working_directory"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        command = try container.decodeIfPresent([String].self, forKey: .command) ?? []
        environment = try container.decodeIfPresent([String: String].self, forKey: .environment) ?? [:]
        user = try container.decodeIfPresent(String.self, forKey: .user)
        workingDirectory = try container.decodeIfPresent(String.self, forKey: .workingDirectory)
        replica = try container.decodeIfPresent(Int.self, forKey: .replica)
        terminal = try container.decodeIfPresent(TerminalSize.self, forKey: .terminal)
        input = try container.decodeIfPresent(Bool.self, forKey: .input) ?? false
        detach = try container.decodeIfPresent(Bool.self, forKey: .detach) ?? false
    }
}

/// What the stream of an execution carries: first `started`, then output, at last `exited`.
public enum ExecutionRecord: Hashable, Sendable {
    /// The number that `/v1/executions/{id}/…` takes.
    case started(id: UInt64, pid: Int32)
    case output(LogLine.Stream, [UInt8])
    case exited(ExitDocument)
}

/// As JSON an object whose key `kind` is `started`, `output` or `exited`; the bytes of output are Base64 in `data`.
extension ExecutionRecord: Codable {
    private enum Kind: String, Codable {
        case started, output, exited
    }

    private enum CodingKeys: String, CodingKey {
        case kind, id, pid, stream, data, exit
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(Kind.self, forKey: .kind) {
        case .started:
            self = .started(
                id: try container.decode(UInt64.self, forKey: .id), pid: try container.decode(Int32.self, forKey: .pid))
        case .output:
            self = .output(
                try container.decode(LogLine.Stream.self, forKey: .stream),
                Array(try container.decode(Data.self, forKey: .data)))
        case .exited:
            self = .exited(try container.decode(ExitDocument.self, forKey: .exit))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .started(let id, let pid):
            try container.encode(Kind.started, forKey: .kind)
            try container.encode(id, forKey: .id)
            try container.encode(pid, forKey: .pid)
        case .output(let stream, let bytes):
            try container.encode(Kind.output, forKey: .kind)
            try container.encode(stream, forKey: .stream)
            try container.encode(Data(bytes), forKey: .data)
        case .exited(let exit):
            try container.encode(Kind.exited, forKey: .kind)
            try container.encode(exit, forKey: .exit)
        }
    }
}

extension ExecutionRecord: JSONValue {
    public static var schema: JSONSchema {
        .oneOf([StartedRecord.schema, OutputRecord.schema, ExitedRecord.schema])
    }

    public func write(to writer: inout JSONWriter) {
        switch self {
        case .started(let id, let pid):
            StartedRecord(id: id, pid: pid).write(to: &writer)
        case .output(let stream, let bytes):
            OutputRecord(stream: stream, data: Data(bytes).base64EncodedString()).write(to: &writer)
        case .exited(let exit):
            ExitedRecord(exit: exit).write(to: &writer)
        }
    }
}

/// The three kinds of record, as documents.
struct StartedRecord: WireDocument {
    enum Kind: String, Codable, CaseIterable, JSONValue {
        case started
    }

    var kind = Kind.started
    var id: UInt64
    var pid: Int32

    static let summary = "The first record of an execution: it runs."
    static let properties: [WireProperty<StartedRecord>] = [
        .init("id", \.id, "The number that /v1/executions/{id}/… takes."),
        .init("kind", \.kind, "What kind of record this is."),
        .init("pid", \.pid, "The process."),
    ]
}

struct OutputRecord: WireDocument {
    enum Kind: String, Codable, CaseIterable, JSONValue {
        case output
    }

    var kind = Kind.output
    var stream: LogLine.Stream
    var data: String

    static let summary = "What an execution has written."
    static let properties: [WireProperty<OutputRecord>] = [
        .init("data", \.data, "The bytes, as Base64.", schema: .string(format: "byte")),
        .init("kind", \.kind, "What kind of record this is."),
        .init("stream", \.stream, "Where to; a terminal's output is stdout."),
    ]
}

struct ExitedRecord: WireDocument {
    enum Kind: String, Codable, CaseIterable, JSONValue {
        case exited
    }

    var kind = Kind.exited
    var exit: ExitDocument

    static let summary = "The last record of an execution: it has ended."
    static let properties: [WireProperty<ExitedRecord>] = [
        .init("exit", \.exit, "How."),
        .init("kind", \.kind, "What kind of record this is."),
    ]
}

/// How a process ended: by itself with a code, or by a signal; neither where nobody could find out.
public struct ExitDocument: Hashable, Codable, Sendable {
    public var code: Int32?
    /// `SIGKILL`, or `SIG34` where it has no name.
    public var signal: String?
    public var time: Timestamp

    public init(code: Int32?, signal: String?, time: Timestamp) {
        self.code = code
        self.signal = signal
        self.time = time
    }

    public var isSuccess: Bool { code == 0 }
}

extension ExecutionRequest: WireRequest {
    public static let summary = "A command that is to run beside a service, or as a one-off instance of it."
    public static let properties: [WireProperty<ExecutionRequest>] = [
        .omissible(
            "command", \.command,
            "The program and its arguments. exec: required; run: the service's own where it is empty."),
        .omissible(
            "detach", \.detach, "It goes on when the client goes away, and its output goes to the service's log."),
        .omissible("environment", \.environment, "Variables over those of the service."),
        .omissible(
            "input", \.input, "Its standard input comes by POST /v1/executions/{id}/input; otherwise it is empty."),
        .optional("replica", \.replica, "exec: beside which replica; without it, the first that runs."),
        .optional(
            "terminal", \.terminal,
            "A terminal of that size is its standard input, output and error; without it, pipes are."),
        .optional("user", \.user, "In place of the service's."),
        .optional(
            "working_directory", \.workingDirectory,
            "In place of the service's; absolute, or relative to the stack's directory."),
    ]
}

extension ExecutionRequest.TerminalSize: WireRequest {
    /// The kernel takes 16 bits of each (TIOCSWINSZ, ioctl_tty(2)).
    public static let range = 1...65_535
    private static let limits = JSONSchema.integer(minimum: Int64(range.lowerBound), maximum: Int64(range.upperBound))

    public static let summary = "The size of a terminal, in characters."
    public static let properties: [WireProperty<ExecutionRequest.TerminalSize>] = [
        .init("columns", \.columns, "Characters a line.", schema: limits),
        .init("rows", \.rows, "Lines.", schema: limits),
    ]
}

extension ExitDocument: WireDocument {
    public static let summary = "How a process ended; without code and signal where nobody could find out."
    public static let properties: [WireProperty<ExitDocument>] = [
        .optional("code", \.code, "Where it ended by itself."),
        .optional("signal", \.signal, "What ended it: SIGKILL, or SIG34 where it has no name."),
        .init("time", \.time, "When."),
    ]
}
