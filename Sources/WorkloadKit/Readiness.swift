import Synchronization

/// A dependency without which the program can not do its work.
public struct Dependency: Sendable {
    let name: String
    let check: @Sendable () async throws -> Void

    /// A dependency and the question that shows whether it answers; the question throws when it does not.
    public init(_ name: String, check: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.check = check
    }
}

/// Whether the program can do its work now, and if not, what keeps it from it.
final class Readiness: Sendable {
    /// A dependency that does not answer.
    struct Failure: Equatable {
        var dependency: String
        var reason: String
    }

    private let dependencies: [Dependency]
    /// How long a dependency may take to answer.
    private let timeout: Duration
    /// The questions that wait for their answers, by the dependency's index. A dependency that hangs is asked once,
    /// not once for every probe that wants to know.
    private let questions = Mutex<[Int: Task<String?, Never>]>([:])

    init(_ dependencies: [Dependency], timeout: Duration = .milliseconds(800)) {
        self.dependencies = dependencies
        self.timeout = timeout
    }

    /// The dependencies that do not answer, in the order in which they were given; none where the program is ready.
    func failures() async -> [Failure] {
        let reasons = await withTaskGroup(of: (Int, String?).self) { group in
            for index in dependencies.indices {
                group.addTask { (index, await self.reason(index)) }
            }
            return await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
        }
        return dependencies.indices.compactMap { index in
            reasons[index].map { Failure(dependency: dependencies[index].name, reason: $0) }
        }
    }

    /// Why a dependency does not answer; nil where it does. Waits no longer than the timeout, whatever it waits for.
    private func reason(_ index: Int) async -> String? {
        let question = questions.withLock { questions in
            if let waiting = questions[index] { return waiting }
            let question = Task { await self.ask(index) }
            questions[index] = question
            return question
        }
        let (first, answers) = AsyncStream.makeStream(of: String?.self, bufferingPolicy: .bufferingOldest(1))
        Task { answers.yield(await question.value) }
        let timer = Task {
            try await Task.sleep(for: timeout)
            answers.yield("no answer within \(timeout)")
        }
        defer { timer.cancel() }
        return await first.first { _ in true } ?? "cancelled"
    }

    private func ask(_ index: Int) async -> String? {
        defer { questions.withLock { $0[index] = nil } }
        do {
            try await dependencies[index].check()
            return nil
        } catch {
            return "\(error)"
        }
    }
}
