import Glibc

/// A port that must be listened on by an instance's own processes.
public struct ListeningCheck {
    public var port: UInt16
    /// The pids of the instance's processes, by a look at the moment of the call.
    public var members: () throws(SystemError) -> [Int32]

    public init(port: UInt16, members: @escaping () throws(SystemError) -> [Int32]) {
        self.port = port
        self.members = members
    }
}

/// One run of a `listening` probe. It looks once: a port that is bound a moment later is the next run's to see.
final class ListeningProbeRun: RunningProbe {
    /// So many descriptors are looked at in one turn of the loop: about a millisecond's work.
    private static let budget = 500

    private let check: ListeningCheck
    private let loop: EventLoop
    private let report: (ProbeResult) -> Void
    private var timer: EventLoop.Timer?

    init(_ check: ListeningCheck, loop: EventLoop, report: @escaping (ProbeResult) -> Void) {
        self.check = check
        self.loop = loop
        self.report = report
    }

    func start() {
        do throws(SystemError) {
            let sockets = try ListeningSockets.on(port: check.port)
            if sockets.isEmpty { return report(.failed("nobody listens on port \(check.port)")) }
            let members = try check.members()
            search(SocketOwnerSearch(for: sockets, among: members)) { [self] owner in
                if owner != nil { return report(.passed) }
                findStranger(sockets, members)
            }
        } catch {
            report(.failed(error.description))
        }
    }

    func cancel() {
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    private func search(_ search: SocketOwnerSearch, then: @escaping (Int32?) -> Void) {
        var search = search
        switch search.proceed(budget: Self.budget) {
        case .found(let pid): then(pid)
        case .notFound: then(nil)
        case .unfinished: timer = loop.schedule(after: .zero) { [self, search] in self.search(search, then: then) }
        }
    }

    /// Only to tell who it is: the run has failed.
    private func findStranger(_ sockets: [ListeningSocket], _ members: [Int32]) {
        let known = Set(members)
        let others = Self.allProcesses().filter { !known.contains($0) }
        search(SocketOwnerSearch(for: sockets, among: others)) { [self] owner in
            let users = Set(sockets.map(\.user)).sorted().map { "user \($0)" }.joined(separator: " or ")
            let words = owner.map { "pid \($0) (\(Self.name(of: $0)))" } ?? "a process of \(users)"
            report(.failed("no process of this instance listens on port \(check.port); it is bound by \(words)"))
        }
    }

    private static func allProcesses() -> [Int32] {
        guard let directory = try? Descriptor.open("/proc", flags: O_RDONLY | O_DIRECTORY) else { return [] }
        return ((try? ProcFile.names(in: directory)) ?? []).compactMap { Int32($0) }.sorted()
    }

    private static func name(of pid: Int32) -> String {
        excerpt(of: ((try? ProcFile.text("/proc/\(pid)/comm")) ?? "gone").utf8, limit: 32)
    }
}
