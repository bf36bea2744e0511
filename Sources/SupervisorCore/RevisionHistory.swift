import StackModel

/// A service's revisions in the order in which they came, the newest first; the one that counts is the first.
struct RevisionHistory: Sendable {
    struct Entry: Sendable {
        var record: RevisionRecord
        var revision: ServiceRevision

        var isGood: Bool { record.outcome == .good }
    }

    static let limit = 10
    private(set) var entries: [Entry] = []
    /// Whether the revision that counts is yet to show that it is good; kept apart, because it is asked for all the time.
    private(set) var isUnderWay = false

    var current: Entry? { entries.first }
    var records: [RevisionRecord] { entries.map(\.record) }
    var revisions: [ServiceRevision] { entries.map(\.revision) }

    /// That revision counts from now on. The result is its number.
    mutating func begin(_ revision: ServiceRevision, because cause: RolloutCause, at now: Instant) -> Int {
        conclude(.superseded, at: now)
        let number = (current?.record.number ?? 0) + 1
        let record = RevisionRecord(
            number: number, revision: revision.spec.revision, executable: revision.spec.executable, cause: cause,
            began: now)
        entries.insert(Entry(record: record, revision: revision), at: 0)
        isUnderWay = true
        while entries.count > Self.limit { entries.remove(at: oldest) }
        return number
    }

    /// The oldest, but never the only one that can be gone back to.
    private var oldest: Int {
        let good = entries.dropFirst().firstIndex { $0.isGood }
        return good == entries.count - 1 ? entries.count - 2 : entries.count - 1
    }

    /// What becomes of the one that counts, where that is not known yet.
    mutating func conclude(_ outcome: RevisionRecord.Outcome, at now: Instant) {
        guard isUnderWay else { return }
        isUnderWay = false
        entries[0].record.outcome = outcome
        entries[0].record.ended = now
    }

    /// The one that counts has failed, and is tried once more.
    mutating func reopen() {
        guard !entries.isEmpty else { return }
        entries[0].record.outcome = .underWay
        entries[0].record.ended = nil
        isUnderWay = true
    }

    /// What counts differs from now on in what instances need not be made anew for.
    mutating func replaceCurrent(by revision: ServiceRevision) {
        guard !entries.isEmpty else { return }
        entries[0].revision = revision
        entries[0].record.revision = revision.spec.revision
    }

    func latest(where isWanted: (Entry) -> Bool) -> Entry? { entries.first(where: isWanted) }

    /// The latest that was good and that makes other instances than the one that counts.
    var latestGood: Entry? {
        guard let current else { return nil }
        return entries.dropFirst().first { $0.isGood && !$0.revision.makesSame(as: current.revision) }
    }

    /// The one of that number, where it is not the one that counts, and not from when the service was scheduled.
    func former(_ number: Int) -> Entry? {
        entries.dropFirst().first { $0.record.number == number && $0.revision.spec.schedule == nil }
    }

    /// Instances like those that it makes were all available once.
    func hasBeenGood(_ revision: ServiceRevision) -> Bool {
        entries.contains { $0.isGood && $0.revision.makesSame(as: revision) }
    }
}

extension ServiceRevision {
    /// Instances of the one need not be made anew for the other.
    func makesSame(as other: ServiceRevision) -> Bool {
        self === other || epoch == other.epoch && spec.becomesLive(other.spec)
    }

    /// What it makes, with the number of replicas and the relations that the service has now: these are the stack's, which
    /// is not undone for one service.
    func brought(into present: ServiceSpec) -> ServiceRevision {
        var spec = spec
        spec.replicas = present.replicas
        spec.autoscale = present.autoscale
        spec.dependencies = present.dependencies
        spec.isAwaitedToComplete = present.isAwaitedToComplete
        return spec == self.spec ? self : ServiceRevision(spec, epoch: epoch)
    }
}
