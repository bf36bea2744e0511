import ControlProtocol
import ControlServer
import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore

/// Has services restarted when their files change, for as long as a client follows.
final class ChangeWatch {
    /// Of a batch so many paths are told.
    private static let toldPaths = 10

    private let loop: EventLoop
    private let clock: Clock
    private var services: [ServiceSpec]
    private var feeds: [Feed<WatchDocument>] = []
    private var changed = ChangedServices([])
    private var watch: FileWatch?
    private var timer: EventLoop.Timer?
    private var waiters: [() -> Void] = []

    /// Called on the loop for a service that is to be restarted; false: it does not run, so it is not.
    var onChange: ((ChangedServices.Batch) -> Bool)?
    /// Called on the loop where not everything can be watched: why, and what helps.
    var onFault: ((String) -> Void)?
    /// Called on any thread when a client has gone: `clientHasGone` is to be called on the loop then.
    var onClientGone: (@Sendable () -> Void)?

    init(_ services: [ServiceSpec], loop: EventLoop, clock: Clock) {
        self.services = services
        self.loop = loop
        self.clock = clock
    }

    var followerCount: Int { feeds.count }

    /// A client follows from now on.
    func subscribe() -> Subscription<WatchDocument> {
        let feed = Feed<WatchDocument>()
        if let onClientGone { feed.whenFinished(onClientGone) }
        feeds.append(feed)
        if feeds.count == 1 { begin() }
        return Subscription(backlog: [], feed: feed)
    }

    /// Calls the body once on the loop, as soon as no change goes unnoticed any more.
    func whenReady(_ body: @escaping () -> Void) {
        guard watch?.isSearching == true else { return body() }
        waiters.append(body)
    }

    private func releaseWaiters() {
        let bodies = waiters
        waiters = []
        for body in bodies { body() }
    }

    func clientHasGone() {
        feeds.removeAll(where: \.isFinished)
        if feeds.isEmpty { end() }
    }

    /// The stack is another one now.
    func follow(_ services: [ServiceSpec]) {
        let isSame = self.services.map(Watches.init) == services.map(Watches.init)
        self.services = services
        guard !isSame, !feeds.isEmpty else { return }
        end()
        begin()
    }

    /// Ends the streams of all who follow.
    func finish() {
        for feed in feeds { feed.finish() }
        feeds = []
        end()
    }

    private func begin() {
        changed = ChangedServices(services)
        let paths = changed.paths
        guard !paths.isEmpty else { return }
        do throws(SystemError) {
            watch = try FileWatch(
                paths, on: loop,
                leavesOut: { [unowned self] in changed.leavesOut($0) },
                onChange: { [unowned self] changes in
                    changed.note(changes, at: clock.instant)
                    arm()
                }, onFault: { [unowned self] in onFault?($0) })
            watch?.onSearched = { [unowned self] in releaseWaiters() }
        } catch {
            let remedy = error.isLimitOfInstances ? "; raise fs.inotify.max_user_instances (sysctl)" : ""
            onFault?("files cannot be watched: \(error)\(remedy)")
        }
    }

    private func end() {
        watch = nil
        if let timer { loop.cancel(timer) }
        timer = nil
        releaseWaiters()
    }

    private func arm() {
        if let timer { loop.cancel(timer) }
        timer = changed.nextDue.map { due in
            loop.schedule(after: clock.instant.duration(to: due)) { [unowned self] in
                timer = nil
                restart(changed.takeDue(at: clock.instant))
                arm()
            }
        }
    }

    private func restart(_ batches: [ChangedServices.Batch]) {
        for batch in batches where onChange?(batch) == true {
            let document = WatchDocument(
                time: clock.now, service: batch.service.text, paths: Array(batch.paths.prefix(Self.toldPaths)),
                count: batch.count)
            for feed in feeds { feed.offer(document) }
        }
    }
}

/// What of a service is watched.
private struct Watches: Hashable {
    let name: ServiceName
    let specs: [WatchSpec]

    init(_ service: ServiceSpec) {
        name = service.name
        specs = service.watches
    }
}

extension SystemError {
    fileprivate var isLimitOfInstances: Bool { errno == EMFILE }
}
