/// What `show stat` says of backends and servers (HAProxy's Management Guide, section 9.1).
///
/// Counters are since the process started. Columns are found by their names, since every release of HAProxy adds some.
public struct HAProxyStatistics: Sendable {
    public struct Row: Hashable, Sendable {
        /// The frontend's or backend's name.
        public var proxy: String
        /// The server's name; `BACKEND` for the backend as a whole, `FRONTEND` for a frontend.
        public var server: String
        /// Requests (in TCP mode: connections) that it has now.
        public var currentSessions = 0
        /// Those that it has had; each attempt to connect counts.
        public var sessions = 0
        /// It is of HTTP mode.
        public var isHTTP = false
        /// Responses by their class: 1xx, 2xx, 3xx, 4xx, 5xx, and others; of a server only its own, not those that
        /// HAProxy gives in its place. All zero in TCP mode.
        public var responses = [Int](repeating: 0, count: 6)
        /// Requests for which no connection to the server could be made, all attempts included.
        public var connectionErrors = 0
        /// Requests to which the server gave no answer, a malformed one, or one that broke off.
        public var responseErrors = 0
        /// Further attempts to connect to the same server.
        public var retries = 0
        /// Attempts that were made with another server.
        public var redispatches = 0
        public var clientAborts = 0
        /// Answers that broke off.
        public var serverAborts = 0
        /// Requests that a rule turned away.
        public var denied = 0
        /// The mean time until the response, of the latest 1,024 requests, in milliseconds.
        public var responseTime = 0
        /// `ADDRESS:PORT` of a server.
        public var address = ""

        /// Requests that failed at the server: those it answered 5xx, and those that HAProxy answered so for want of an
        /// answer of the server's.
        public var failures: Int { responses[4] + unanswered }
        /// Requests that HAProxy answered because the server did not.
        public var unanswered: Int { connectionErrors + max(0, responseErrors - serverAborts) }

        public init(proxy: String, server: String) {
            self.proxy = proxy
            self.server = server
        }
    }

    public private(set) var rows: [Row] = []

    /// Reads HAProxy's answer; nil where it is none of that kind.
    public init?(parsing text: ArraySlice<UInt8>) {
        var lines = text.split(separator: UInt8(ascii: "\n")).makeIterator()
        guard let header = lines.next(), header.starts(with: Array("# pxname,svname,".utf8)) else { return nil }
        let columns = Self.fields(of: header.dropFirst(2)).map { Column(rawValue: String(decoding: $0, as: UTF8.self)) }
        while let line = lines.next() {
            var row = Row(proxy: "", server: "")
            for (column, field) in zip(columns, Self.fields(of: line)) {
                if let column, !field.isEmpty { row.set(column, field) }
            }
            rows.append(row)
        }
    }

    /// The columns that are of use here, by their names in the header.
    fileprivate enum Column: String {
        case proxy = "pxname"
        case server = "svname"
        case currentSessions = "scur"
        case sessions = "stot"
        case mode
        case responses1 = "hrsp_1xx"
        case responses2 = "hrsp_2xx"
        case responses3 = "hrsp_3xx"
        case responses4 = "hrsp_4xx"
        case responses5 = "hrsp_5xx"
        case otherResponses = "hrsp_other"
        case connectionErrors = "econ"
        case responseErrors = "eresp"
        case retries = "wretr"
        case redispatches = "wredis"
        case clientAborts = "cli_abrt"
        case serverAborts = "srv_abrt"
        case denied = "dreq"
        case responseTime = "rtime"
        case address = "addr"
    }

    /// The fields of a line; one with a comma in it is in double quotes, which are doubled within.
    private static func fields(of line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        let quote = UInt8(ascii: "\"")
        var result: [ArraySlice<UInt8>] = []
        result.reserveCapacity(100)
        var begin = line.startIndex
        var isQuoted = false
        for index in line.indices {
            if line[index] == quote {
                isQuoted.toggle()
            } else if line[index] == UInt8(ascii: ","), !isQuoted {
                result.append(line[begin..<index])
                begin = index + 1
            }
        }
        result.append(line[begin...])
        return result
    }
}

extension HAProxyStatistics.Row {
    fileprivate mutating func set(_ column: HAProxyStatistics.Column, _ field: ArraySlice<UInt8>) {
        switch column {
        case .proxy: proxy = String(decoding: field, as: UTF8.self)
        case .server: server = String(decoding: field, as: UTF8.self)
        case .currentSessions: currentSessions = Self.number(field)
        case .sessions: sessions = Self.number(field)
        case .mode: isHTTP = field.elementsEqual("http".utf8)
        case .responses1: responses[0] = Self.number(field)
        case .responses2: responses[1] = Self.number(field)
        case .responses3: responses[2] = Self.number(field)
        case .responses4: responses[3] = Self.number(field)
        case .responses5: responses[4] = Self.number(field)
        case .otherResponses: responses[5] = Self.number(field)
        case .connectionErrors: connectionErrors = Self.number(field)
        case .responseErrors: responseErrors = Self.number(field)
        case .retries: retries = Self.number(field)
        case .redispatches: redispatches = Self.number(field)
        case .clientAborts: clientAborts = Self.number(field)
        case .serverAborts: serverAborts = Self.number(field)
        case .denied: denied = Self.number(field)
        case .responseTime: responseTime = Self.number(field)
        case .address: address = String(decoding: field, as: UTF8.self)
        }
    }

    /// A decimal number; 0 where it is none, or too large to be one.
    private static func number(_ field: ArraySlice<UInt8>) -> Int {
        var result = 0
        for byte in field {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return 0 }
            let (product, overflows) = result.multipliedReportingOverflow(by: 10)
            guard !overflows else { return 0 }
            result = product &+ Int(byte - UInt8(ascii: "0"))
        }
        return result
    }
}
