import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct MailboxTests {
    @Test func messagesOfEachThreadComeInTheirOrder() throws {
        let loop = try EventLoop()
        let mailbox = try Mailbox<(thread: Int, number: Int)>()
        var received: [[Int]] = [[], [], []]
        let registration = try mailbox.deliver(on: loop) { messages in
            for message in messages { received[message.thread].append(message.number) }
        }
        for thread in 0..<3 {
            onThread {
                for number in 0..<1000 {
                    if number % 2 == 0 {
                        mailbox.post((thread, number))
                    } else {
                        mailbox.post(contentsOf: [(thread, number)])
                    }
                }
            }
        }
        try loop.run(until: "all messages") { received.allSatisfy { $0.count == 1000 } }
        #expect(received.allSatisfy { $0 == Array(0..<1000) })
        loop.deregister(registration)
    }

    @Test func aThreadServesItsLoopUntilItIsStopped() throws {
        let loop = try EventLoop()
        let answers = try Mailbox<Int>()
        var answer = 0
        let registration = try answers.deliver(on: loop) { answer = $0.last ?? 0 }
        let questions = try Mailbox<Int>()
        let served = try LoopThread.start("test") { loop throws(SystemError) in
            (try questions.deliver(on: loop) { for number in $0 { answers.post(number * 2) } }, loop)
        }
        #expect(!served.isOnLoop)
        questions.post(21)
        try loop.run(until: "the answer") { answer != 0 }
        #expect(answer == 42)
        served.stop()
        loop.deregister(registration)
    }

    @Test func whatCannotBeMadeIsTold() throws {
        #expect(throws: SystemError(errno: EMFILE, operation: "made up")) {
            try LoopThread.start("test") { _ throws(SystemError) -> (serving: Int, address: Int) in
                throw SystemError(errno: EMFILE, operation: "made up")
            }
        }
    }
}
