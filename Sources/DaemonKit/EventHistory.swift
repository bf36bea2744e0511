import ControlProtocol
import ControlServer
import LinuxRuntime
import SupervisorCore

/// The latest events with their place on the wall clock, and the clients that follow them.
struct EventHistory {
    private static let capacity = 4096
    private var entries: [(event: StackEvent, time: Timestamp)] = []
    private var count: UInt64 = 0
    private var feeds: [Feed<EventDocument>] = []

    /// The number of the newest event; 0 where there is none.
    var newest: UInt64 { count }

    var followerCount: Int { feeds.count }

    mutating func append(_ event: StackEvent, at time: Timestamp) {
        if entries.count < Self.capacity {
            entries.append((event, time))
        } else {
            entries[position(of: event.id.number)] = (event, time)
        }
        count = event.id.number
        guard !feeds.isEmpty else { return }
        let document = EventDocument(event, at: time)
        feeds.removeAll { !$0.offer(document) }
    }

    /// When the event happened; nil where it is not kept any more.
    func time(of id: EventID) -> Timestamp? {
        guard id.number > 0, id.number <= count, count - id.number < UInt64(Self.capacity) else { return nil }
        return entries[position(of: id.number)].time
    }

    mutating func subscribe(_ query: EventQuery) -> Subscription<EventDocument> {
        // Where nothing happens, clients that come and go would otherwise add up.
        feeds.removeAll(where: \.isFinished)
        var feed: Feed<EventDocument>?
        if query.follow {
            let new = Feed<EventDocument>()
            feeds.append(new)
            feed = new
        }
        return Subscription(backlog: backlog(query.start), feed: feed)
    }

    /// Ends the streams of all who follow.
    mutating func finish() {
        for feed in feeds { feed.finish() }
        feeds = []
    }

    private func backlog(_ start: EventQuery.Start) -> [StreamRecord<EventDocument>] {
        let oldest = count - UInt64(entries.count) + 1
        switch start {
        case .now:
            return []
        case .since(let time):
            return documents(from: oldest).filter { $0.time >= time }.map { .item($0) }
        case .after(let number):
            // A number that was never given out is another daemon's: all that is known comes after it.
            let from = number > count ? 1 : number + 1
            let kept = documents(from: max(from, oldest)).map { StreamRecord.item($0) }
            guard from < oldest, number > 0 else { return kept }
            return [.gap(StreamGap(lost: oldest - from, unit: .events, code: .noLongerKept))] + kept
        }
    }

    private func documents(from number: UInt64) -> [EventDocument] {
        guard number <= count else { return [] }
        return (number...count).map { number in
            let entry = entries[position(of: number)]
            return EventDocument(entry.event, at: entry.time)
        }
    }

    private func position(of number: UInt64) -> Int {
        Int((number - 1) % UInt64(Self.capacity))
    }
}
