import CLibPQ
import NIOPosix
import Synchronization

/// A few connections to PostgreSQL, shared by a whole program.
///
/// libpq blocks, so every query runs on one of a few threads; each query has a connection to itself, so there are
/// never more connections than threads, and who finds all of them busy waits in the thread pool's queue.
public final class PostgresPool: Sendable {
    private let connectionString: String
    private let threads: NIOThreadPool
    private let idle = Mutex<[Connection]>([])

    /// A pool that connects when it is first asked something.
    ///
    /// - Parameters:
    ///   - connectionString: libpq's keywords or URI; libpq's own variables (`PGHOST` …) fill in what it leaves out.
    ///   - size: the greatest number of connections.
    public init(_ connectionString: String, size: Int) {
        self.connectionString = connectionString
        self.threads = NIOThreadPool(numberOfThreads: size)
        threads.start()
    }

    deinit {
        threads.shutdownGracefully { _ in }
        idle.withLock { $0.forEach { $0.close() } }
    }

    /// Runs one statement and returns its rows.
    ///
    /// - Parameters:
    ///   - sql: one statement, with `$1`, `$2` … for its parameters.
    ///   - parameters: the parameters in PostgreSQL's text format; nil is NULL.
    /// - Throws: ``PostgresError``, or `CancellationError` when the pool has shut down.
    public func query(_ sql: String, _ parameters: [String?] = []) async throws -> [PostgresRow] {
        try await threads.runIfActive { [self] in
            let connection = try usableConnection()
            do {
                let rows = try connection.execute(sql, parameters)
                idle.withLock { $0.append(connection) }
                return rows
            } catch {
                // A refused statement leaves the connection as good as before; a lost connection is of no use.
                if connection.isOpen { idle.withLock { $0.append(connection) } } else { connection.close() }
                throw error
            }
        }
    }

    /// An idle connection that still stands, or a new one.
    ///
    /// A server that was restarted has said so on the idle connections; asking them before they are used, instead of
    /// repeating a statement that failed, never runs a statement twice.
    private func usableConnection() throws(PostgresError) -> Connection {
        while let connection = idle.withLock({ $0.popLast() }) {
            if connection.standsStill { return connection }
            connection.close()
        }
        return try Connection.open(connectionString)
    }
}

/// One row of a result.
public struct PostgresRow: Sendable {
    /// The columns in PostgreSQL's text format; nil is NULL.
    public let columns: [String?]
}

/// Why a statement has no result.
public struct PostgresError: Error, CustomStringConvertible {
    /// The five characters of SQLSTATE (PostgreSQL, appendix A); nil where the server could not be reached.
    public let sqlState: String?
    /// What PostgreSQL or libpq said.
    public let message: String

    public var description: String { sqlState.map { "\(message) (\($0))" } ?? message }
}
