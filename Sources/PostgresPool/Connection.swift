import CLibPQ
import Glibc

/// One connection of the pool.
///
/// Sendable unchecked, because libpq allows a connection to move between threads as long as one uses it at a time,
/// and the pool hands each to one query at a time.
struct Connection: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// How long the server lets a statement run, in milliseconds.
    static let statementTimeout = 5000
    /// How long an answer may take, the server's own limit and the way included.
    static let answerTimeout = Duration.seconds(8)

    /// Connects, within two seconds.
    static func open(_ connectionString: String) throws(PostgresError) -> Connection {
        // Settings that are given later win over the same ones in the connection string, so the string comes last.
        let names = ["connect_timeout", "tcp_user_timeout", "client_encoding", "options", "dbname"]
        let values = ["2", "5000", "UTF8", "-c statement_timeout=\(statementTimeout)", connectionString]
        let pointer = withCStrings(names) { names in
            withCStrings(values) { values in PQconnectdbParams(names, values, 1) }
        }
        guard let pointer else { throw PostgresError(sqlState: nil, message: "out of memory") }
        guard PQstatus(pointer) == CONNECTION_OK else {
            defer { PQfinish(pointer) }
            throw PostgresError(sqlState: nil, message: text(PQerrorMessage(pointer)))
        }
        return Connection(pointer: pointer)
    }

    func close() {
        PQfinish(pointer)
    }

    /// Whether the connection has not been lost.
    var isOpen: Bool { PQstatus(pointer) == CONNECTION_OK }

    /// Whether the connection has not been lost while nobody used it, as far as the socket tells.
    var standsStill: Bool { PQconsumeInput(pointer) == 1 && isOpen }

    /// Runs a statement and waits for its result, for as long as an answer may take.
    ///
    /// The server ends a slow statement itself; that it does not even do that means that it hangs or cannot be
    /// reached, and then the connection is given up.
    func execute(_ sql: String, _ parameters: [String?]) throws(PostgresError) -> [PostgresRow] {
        let sent = Self.withCStrings(parameters) { values in
            PQsendQueryParams(pointer, sql, CInt(parameters.count), nil, values, nil, nil, 0)
        }
        guard sent == 1 else { throw failure }
        try awaitResult()
        guard let result = PQgetResult(pointer) else { throw failure }
        defer {
            PQclear(result)
            // One statement has one result; libpq wants to hear that there is no more.
            while let more = PQgetResult(pointer) { PQclear(more) }
        }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
            return Self.rows(of: result)
        default:
            let state = PQresultErrorField(result, CInt(UInt8(ascii: "C"))).map { String(cString: $0) }
            throw PostgresError(sqlState: state, message: Self.text(PQresultErrorMessage(result)))
        }
    }

    private func awaitResult() throws(PostgresError) {
        let end = ContinuousClock.now + Self.answerTimeout
        while PQisBusy(pointer) == 1 {
            var wait = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
            let left = (end - .now) / .milliseconds(1)
            guard left > 0, poll(&wait, 1, CInt(left.rounded(.up))) != 0 else {
                // Whatever it still says, nobody will ask this connection again.
                shutdown(PQsocket(pointer), CInt(SHUT_RDWR))
                _ = PQconsumeInput(pointer)
                throw PostgresError(sqlState: nil, message: "no answer within \(Self.answerTimeout)")
            }
            guard PQconsumeInput(pointer) == 1 else { throw failure }
        }
    }

    private var failure: PostgresError {
        PostgresError(sqlState: nil, message: Self.text(PQerrorMessage(pointer)))
    }

    private static func rows(of result: OpaquePointer) -> [PostgresRow] {
        let columns = PQnfields(result)
        return (0..<PQntuples(result)).map { row in
            PostgresRow(
                columns: (0..<columns).map { column in
                    guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else {
                        return nil
                    }
                    return String(cString: value)
                })
        }
    }

    /// libpq's messages are a few lines; a log line and a status are one.
    private static func text(_ message: UnsafePointer<CChar>?) -> String {
        guard let message else { return "no message" }
        return String(cString: message).split(whereSeparator: \.isNewline).map { $0.trimmingTabs }
            .joined(separator: ": ")
    }

    /// Calls `body` with an array of C strings that ends in nil.
    private static func withCStrings<Result>(
        _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        let copies: [UnsafeMutablePointer<CChar>?] = strings.map { $0.flatMap { strdup($0) } }
        defer { copies.forEach { free($0) } }
        let pointers: [UnsafePointer<CChar>?] = copies.map { $0.map { UnsafePointer($0) } } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}

extension Substring {
    fileprivate var trimmingTabs: Substring { drop { $0 == "\t" || $0 == " " } }
}
