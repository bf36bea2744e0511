import Glibc

/// Copies of programs' files, by their content, so that one that is overwritten or removed can still be executed.
///
/// All that takes time is done on a thread of its own; the owner's loop only asks what there is.
public final class FileStore {
    /// A file as it was at some time.
    public struct Version: Hashable, Sendable {
        public var path: String
        public var digest: FileDigest

        public init(path: String, digest: FileDigest) {
            self.path = path
            self.digest = digest
        }
    }

    /// What the thread tells the owner.
    public enum Report: Sendable {
        case kept(Version, at: String)
        case notKept(Version, why: String)
        /// The file that is at the path now has been read; `FileDigests` knows it.
        case read(path: String)
    }

    enum Message: Sendable {
        case keep(Set<Version>)
        case read(path: String)
    }

    /// Called on the owner's loop.
    public var onReport: ((Report) -> Void)?

    private let loop: EventLoop
    private let thread: EventLoop
    private let orders: Mailbox<Message>
    private let reports: Mailbox<Report>
    private var registration: EventLoop.Registration?
    private var wanted: Set<Version> = []
    private var kept: [Version: String] = [:]
    /// Asked for and not answered.
    private var unread: Set<String> = []

    /// Starts the thread. The directory is made as it is needed.
    public init(directory: String, digests: FileDigests, loop: EventLoop) throws(SystemError) {
        let orders = try Mailbox<Message>()
        let reports = try Mailbox<Report>()
        self.loop = loop
        (self.orders, self.reports) = (orders, reports)
        thread = try LoopThread.start("programs") { loop throws(SystemError) in
            let keeper = FileKeeper(directory: directory, digests: digests) { reports.post($0) }
            _ = try orders.deliver(on: loop) { messages in keeper.take(messages) }
            return (keeper, loop)
        }
        registration = try reports.deliver(on: loop) { [unowned self] in $0.forEach(take) }
    }

    deinit {
        if let registration { loop.deregister(registration) }
        thread.stop()
    }

    /// Has there be copies of these versions, and of nothing else. Those that are not there yet are made from the files
    /// at their paths, where these still have that content.
    public func keep(_ versions: Set<Version>) {
        wanted = versions
        kept = kept.filter { versions.contains($0.key) }
        orders.post(.keep(versions))
    }

    /// The copy's path, once it is made.
    public func copy(of version: Version) -> String? { kept[version] }

    /// Has the digest of the file at the path found out.
    public func read(_ path: String) {
        if unread.insert(path).inserted { orders.post(.read(path: path)) }
    }

    private func take(_ report: Report) {
        switch report {
        // What is not wanted any more is about to be removed.
        case .kept(let version, let path): if wanted.contains(version) { kept[version] = path }
        case .notKept: break
        case .read(let path): unread.remove(path)
        }
        onReport?(report)
    }
}
