import ControlProtocol
import HTTPTypes
import HummingbirdCore
import NIOCore

extension Response {
    /// Sends the backlog, then what the feed brings, until either side ends it.
    /// - Parameter maySuspend: The client may take nothing for as long as it likes: what it is sent waits at its source.
    /// - Throws: `too_many_connections`, `shutting_down`.
    init<Numbering: MessageNumbering>(
        streaming subscription: Subscription<Numbering.Item>, as format: StreamFormat, to call: Call,
        numbering: Numbering, maySuspend: Bool = false
    ) throws(ControlProblem) {
        let feed = subscription.feed
        if let feed {
            do throws(ControlProblem) {
                try call.admission.enter(feed, for: call)
            } catch {
                feed.finish()
                throw error
            }
            // Also where the response never gets so far as to be written.
            call.channel.closeFuture.whenComplete { _ in call.admission.leave(feed) }
            // The rules may have changed since they were asked, when this was not yet among what they end.
            if !call.isAllowed() { call.channel.close(promise: nil) }
        }
        let body = ResponseBody { writer in
            var sender = StreamSender(
                writer: writer, format: format, channel: call.channel, limits: call.limits, numbering: numbering,
                maySuspend: maySuspend)
            try await sender.send(subscription.backlog)
            if let feed {
                try await sender.follow(feed)
                call.admission.leave(feed)
            }
            try await writer.finish(nil)
        }
        self.init(status: .ok, headers: [.contentType: format.mediaType, .cacheControl: "no-store"], body: body)
    }
}

/// Writes records to one client, and cuts it off when it takes none, unless it may.
private struct StreamSender<Numbering: MessageNumbering> {
    typealias Item = Numbering.Item

    var writer: any ResponseBodyWriter
    let format: StreamFormat
    let channel: any Channel
    let limits: Limits
    var numbering: Numbering
    let maySuspend: Bool

    /// The most that is written at once, so that a long backlog is not all in memory as JSON.
    private static var chunkSize: Int { 32 << 10 }

    mutating func send(_ records: [StreamRecord<Item>]) async throws {
        var buffer = ByteBuffer()
        for record in records {
            format.append(record, &numbering, to: &buffer)
            guard buffer.readableBytes >= Self.chunkSize else { continue }
            try await write(buffer)
            buffer.clear()
        }
        if buffer.readableBytes > 0 { try await write(buffer) }
    }

    mutating func follow(_ feed: any RecordSource<Item>) async throws {
        let period = TimeAmount(limits.heartbeat)
        let heartbeat = channel.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
            feed.nudge()
        }
        defer { heartbeat.cancel() }
        while let records = await feed.next() {
            try await records.isEmpty ? write(format.heartbeat) : send(records)
        }
    }

    private mutating func write(_ buffer: ByteBuffer) async throws {
        if maySuspend { return try await writer.write(buffer) }
        let channel = channel
        let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(limits.stallTimeout)) { channel.close(promise: nil) }
        defer { alarm.cancel() }
        try await writer.write(buffer)
    }
}
