import ControlProtocol
import NIOCore

/// The way to the standard input of one execution; its connection is kept for as long as this value is.
public struct ExecutionInput: Sendable {
    /// Less than the daemon takes in one request.
    private static let chunkSize = 32 << 10
    private static let retryDelay = Duration.milliseconds(50)

    private let execution: UInt64
    private let connection: KeptConnection

    init(_ execution: UInt64, over connection: KeptConnection) {
        self.execution = execution
        self.connection = connection
    }

    /// Passes the bytes on, and, after the last, the end of the file. Returns when the daemon has taken them, which may
    /// be only when the process has read what came before; to be called by one task at a time.
    public func send(_ bytes: [UInt8], isLast: Bool = false) async throws(ControlClientError) {
        var rest = bytes[...]
        repeat {
            let chunk = rest.prefix(Self.chunkSize)
            rest = rest.dropFirst(chunk.count)
            let path = "/v1/executions/\(execution)/input" + (isLast && rest.isEmpty ? "?last=true" : "")
            try await pass(.post(path, ByteBuffer(bytes: chunk), mediaType: "application/octet-stream"))
        } while !rest.isEmpty
    }

    /// Sends the request again for as long as the process does not read what it has.
    private func pass(_ request: HTTPRequest) async throws(ControlClientError) {
        while true {
            let response = try await connection.exchange(request)
            guard response.status != 204 else { return }
            guard case .problem(let problem) = response.error, problem.code == .tooMuchInput else {
                throw response.error
            }
            guard (try? await Task.sleep(for: Self.retryDelay)) != nil else { throw .disconnected }
        }
    }
}
