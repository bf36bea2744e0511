import ControlClient

/// The answer to a request, or nil where no daemon listens.
func ifDaemonListens<Answer>(
    _ request: () async throws(ControlClientError) -> Answer
) async throws(ControlClientError) -> Answer? {
    do {
        return try await request()
    } catch {
        guard case .noDaemon = error else { throw error }
        return nil
    }
}
