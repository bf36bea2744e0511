import StackModel

/// The result of an operation, or nil where Ctrl-C came before and it was cancelled.
func untilInterrupted<Result: Sendable>(
    _ operation: @Sendable @escaping () async throws -> Result
) async throws -> Result? {
    let interrupts = Interrupts.stream(of: [.interrupt])
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            for await _ in interrupts { break }
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}

/// The result of an operation, or nil where it did not end in time and was cancelled.
func withDeadline<Result: Sendable>(
    _ timeout: Duration?, _ operation: @Sendable @escaping () async throws -> Result
) async throws -> Result? {
    guard let timeout else { return try await operation() }
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: timeout)
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}
