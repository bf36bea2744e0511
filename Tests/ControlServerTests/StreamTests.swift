import ControlClient
import ControlProtocol
@testable import ControlServer
import Testing

@Suite struct StreamTests {
    // MARK: Events

    @Test func eventsAreServerSentEventsWithTheirNumbers() async throws {
        let controller = FakeController()
        try await withServer(controller) { path, _ in
            let connection = try RawConnection(path)
            connection.send("GET /v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
            let head = try connection.receive(until: "\r\n\r\n")
            #expect(head.status == 200)
            #expect(head.lowercased().contains("content-type: text/event-stream"))
            await controller.publish(1...1)
            let message =
                #"-1\#ndata: {"code":"happened","id":1,"service":"db","subject":"db","#
                + #""text":"it happened","time":"2026-11-23T07:52:53.043Z"}\#n\#n"#
            #expect(try connection.receive(until: "\n\n").contains(message))
        }
    }

    @Test func noneIsMissedOnceTheStreamHasBegun() async throws {
        let controller = FakeController()
        try await withServer(controller) { path, _ in
            let events = try await ControlClient(socketPath: path).events()
            await controller.publish(1...3)
            var iterator = events.makeAsyncIterator()
            for id in 1...3 as ClosedRange<UInt64> {
                #expect(try await iterator.next() == .item(FakeController.event(id)))
            }
        }
    }

    @Test func aClientThatComesBackGoesOnWhereItWas() async throws {
        let controller = FakeController()
        await controller.publish(1...5)
        try await withServer(controller) { path, _ in
            let connection = try RawConnection(path)
            // The header wins: an EventSource that comes back asks for the address that it was made with.
            connection.send("GET /v1/events?since=1 HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 3\r\n\r\n")
            let ids = try connection.receive(until: "-5\n").values(of: "id: ")
            #expect(ids.map { EventPosition($0)?.number } == [4, 5])
            // By the id of a message too, as a parameter or as the header.
            let accept = "Accept: text/event-stream"
            for (target, headers) in [("&since=\(ids[0])", []), ("", ["Last-Event-ID: \(ids[0])"])] {
                let rest = try exchange(path, "GET", "/v1/events?follow=false" + target, headers: [accept] + headers)
                #expect(rest.values(of: "id: ") == [ids[1]])
            }
            var iterator = try await ControlClient(socketPath: path).events(.after(4)).makeAsyncIterator()
            #expect(try await iterator.next() == .item(FakeController.event(5)))
        }
        #expect(
            await controller.eventQueries == [
                EventQuery(start: .after(3), follow: true), EventQuery(start: .after(4), follow: false),
                EventQuery(start: .after(4), follow: false), EventQuery(start: .after(4), follow: true),
            ])
    }

    /// A daemon that was started anew counts from 1: a number of the one before says nothing of its events.
    @Test func aClientOfTheDaemonBeforeGetsEverything() async throws {
        let controller = FakeController()
        await controller.publish(1...5)
        try await withServer(controller) { path, _ in
            let connection = try RawConnection(path)
            connection.send("GET /v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 1700000000000-3\r\n\r\n")
            let ids = try connection.receive(until: "-5\n").values(of: "id: ")
            #expect(ids.map { EventPosition($0)?.number } == [1, 2, 3, 4, 5])
            #expect(ids.allSatisfy { !$0.hasPrefix("1700000000000-") })
        }
    }

    @Test(arguments: ["", "-", "x", "1-", "-1-2", "1-2-3", "1-x", "+", "18446744073709551616"])
    func whatIsNoPositionIsRefused(text: String) {
        #expect(EventPosition(text) == nil)
    }

    @Test func whatIsNoLongerKeptIsAGap() async throws {
        let controller = FakeController(ringSize: 2)
        await controller.publish(1...9)
        try await withServer(controller) { path, _ in
            let gap = StreamRecord<EventDocument>.gap(StreamGap(lost: 3, unit: .events, code: .noLongerKept))
            let rest = [8, 9].map { StreamRecord.item(FakeController.event($0)) }
            let client = ControlClient(socketPath: path)
            #expect(try await client.recentEvents(.after(4)) == [gap] + rest)
            var iterator = try await client.events(.after(4)).makeAsyncIterator()
            #expect(try await iterator.next() == gap)
            #expect(try await iterator.next() == rest[0])
            #expect(
                try exchange(path, "GET", "/v1/events?since=4&follow=false", headers: ["Accept: text/event-stream"])
                    .contains("event: gap\ndata: {\"gap\""))
        }
    }

    @Test func recentEventsAreAnArray() async throws {
        let controller = FakeController()
        await controller.publish(1...3)
        try await withServer(controller) { path, _ async throws in
            let client = ControlClient(socketPath: path)
            let all = (1...3).map { StreamRecord.item(FakeController.event($0)) }
            #expect(try await client.recentEvents() == all)
            #expect(try await client.recentEvents(.since(FakeController.event(2).time)) == Array(all[1...]))
            #expect(
                try exchange(path, "GET", "/v1/events", headers: ["Accept: application/json"]).contains("\r\n\r\n[{"))
            #expect(try exchange(path, "GET", "/v1/events?follow=false&since=3").hasSuffix("\r\n\r\n[]\n"))
        }
    }

    // MARK: Logs

    @Test func logsAreLinesOfJSON() async throws {
        let controller = FakeController()
        await controller.print([FakeController.line(1), FakeController.line(2, service: "web"), FakeController.line(3)])
        try await withServer(controller) { path, _ in
            let answer = try exchange(path, "GET", "/v1/logs?service=db&service=web&tail=2")
            #expect(answer.lowercased().contains("content-type: application/x-ndjson"))
            #expect(answer.contains("\"sequence\":2") && answer.contains("\"sequence\":3"))
            #expect(!answer.contains("\"sequence\":1"))
        }
        #expect(await controller.logQueries == [LogQuery(services: ["db", "web"], tail: 2, follow: false)])
    }

    @Test func logsThatAreNotFollowedEnd() async throws {
        let controller = FakeController()
        let lines = (1...2_000).map { FakeController.line($0, text: String(repeating: "x", count: 100)) }
        await controller.print(lines)
        try await withServer(controller) { path, _ in
            var received: [StreamRecord<LogLine>] = []
            for try await record in try await ControlClient(socketPath: path).logs(LogQuery()) {
                received.append(record)
            }
            #expect(received == lines.map { .item($0) })
        }
    }

    @Test func logsAreFollowed() async throws {
        let controller = FakeController()
        await controller.print([FakeController.line(1)])
        try await withServer(controller) { path, _ in
            let logs = try await ControlClient(socketPath: path).logs(LogQuery(services: ["db"], follow: true))
            var iterator = logs.makeAsyncIterator()
            #expect(try await iterator.next() == .item(FakeController.line(1)))
            await controller.print([FakeController.line(2)])
            #expect(try await iterator.next() == .item(FakeController.line(2)))
        }
    }

    @Test func logsAreAskedForInEveryWay() async throws {
        let controller = FakeController()
        let position = LogPosition(numbers: [.init(service: "db", index: 0): 7])
        let query = LogQuery(
            services: ["db"], tail: 5, since: FakeController.time, until: FakeController.time, pattern: "a&b=[ +]%",
            follow: false, after: position)
        try await withServer(controller) { path, _ async throws in
            for try await _ in try await ControlClient(socketPath: path).logs(query) {}
            #expect(try exchange(path, "GET", "/v1/logs?since=10m&tail=all").status == 200)
        }
        let queries = await controller.logQueries
        #expect(queries.first == query)
        let ago = try #require(queries.last?.since)
        #expect(ago < .now && ago > Timestamp(milliseconds: Timestamp.now.milliseconds - 700_000))
        #expect(queries.last?.tail == nil)
    }

    /// Wherever a client is cut off, it goes on with the next line of each replica.
    @Test(arguments: [1, 2, 5, 9])
    func aFollowerOfLogsThatComesBackMissesNothing(cut: Int) async throws {
        let controller = FakeController()
        let lines = (1...5).flatMap {
            [FakeController.line($0), FakeController.line($0 + 100, service: "web")]
        }
        await controller.print(lines)
        try await withServer(controller) { path, _ async throws in
            let accept = "Accept: text/event-stream"
            let ids = try exchange(path, "GET", "/v1/logs", headers: [accept]).values(of: "id: ")
            #expect(ids.first == "db/0=1")
            #expect(ids.last == "db/0=5,web/0=105")
            let last = try #require(ids.dropFirst(cut - 1).first)
            let rest = try exchange(path, "GET", "/v1/logs", headers: [accept, "Last-Event-ID: \(last)"])
            let numbers = rest.components(of: "\"sequence\":").map { UInt64($0.prefix { $0.isNumber }) }
            #expect(numbers == lines[cut...].map(\.sequence))
            #expect(rest.values(of: "id: ").last == ids.last, "what was seen before is part of the position")
        }
    }

    // MARK: Clients that are slow, still, or gone

    @Test func aSlowClientIsToldWhatItLostAndHoldsNobodyBack() async throws {
        let controller = FakeController()
        try await withServer(controller) { path, _ in
            var slow = try await ControlClient(socketPath: path).events().makeAsyncIterator()
            let text = String(repeating: "x", count: 1_000)
            let total: UInt64 = 20_000
            await controller.publish(1...total, text: text)
            var next: UInt64 = 1
            var lost: UInt64 = 0
            while next <= total {
                switch try await slow.next() {
                case .item(let event)?:
                    #expect(event.id == next)
                    next = event.id + 1
                case .gap(let gap)?:
                    #expect(gap.code == .clientTooSlow && gap.unit == .events)
                    lost += gap.lost
                    next += gap.lost
                case nil:
                    throw TestFailure("the stream ended at event \(next)")
                }
            }
            #expect(next == total + 1)
            #expect(lost > 0)
            // It is in step again.
            await controller.publish(total + 1...total + 1)
            #expect(try await slow.next() == .item(FakeController.event(total + 1)))
        }
    }

    @Test func aClientThatTakesNothingIsCutOff() async throws {
        let controller = FakeController()
        var limits = Limits()
        limits.stallTimeout = .milliseconds(100)
        try await withServer(controller, limits: limits) { path, _ in
            let connection = try RawConnection(path)
            connection.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try connection.receive(until: "\r\n\r\n")
            var id: UInt64 = 0
            try await eventually("the client to be cut off") {
                id += 1
                await controller.publish(id...id, text: String(repeating: "x", count: 10_000))
                return await controller.eventFeeds.isEmpty
            }
        }
    }

    @Test func aClientThatIsGoneIsForgotten() async throws {
        let controller = FakeController()
        try await withServer(controller) { path, _ in
            do {
                let connection = try RawConnection(path)
                connection.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try connection.receive(until: "\r\n\r\n")
            }
            try await untilForgotten(controller)
        }
    }

    @Test func aStreamThatNobodyReadsAnyMoreIsClosed() async throws {
        let controller = FakeController()
        try await withServer(controller) { path, _ in
            _ = try await ControlClient(socketPath: path).events()
            try await untilForgotten(controller)
        }
    }

    private func untilForgotten(_ controller: FakeController) async throws {
        var id: UInt64 = 0
        try await eventually("its feed to end") {
            id += 1
            await controller.publish(id...id)
            return await controller.eventFeeds.isEmpty
        }
    }

    @Test func aStillStreamShowsThatItLives() async throws {
        var limits = Limits()
        limits.heartbeat = .milliseconds(20)
        try await withServer(limits: limits) { path, _ in
            let connection = try RawConnection(path)
            connection.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try connection.receive(until: "\r\n:\n\n")
        }
    }
}

extension String {
    /// What stands behind the prefix, to the end of its line, wherever it is found.
    fileprivate func values(of prefix: String) -> [String] {
        components(of: prefix).map { String($0.prefix { !$0.isNewline }) }
    }
}
