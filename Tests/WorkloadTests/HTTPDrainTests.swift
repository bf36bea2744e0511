import Testing

@testable import WorkloadKit

@Suite struct HTTPDrainTests {
    private typealias State = HTTPDrainHandler.State

    /// A connection on which so many requests have been asked and answered.
    private func connection(afterRequests count: Int) -> State {
        var state = State()
        for _ in 0..<count {
            _ = state.requestBegins(asksForClose: false)
            _ = state.answerBegins(saysClose: false)
            _ = state.answerEnds()
        }
        return state
    }

    @Test func aConnectionStaysOpenUntilItIsToldOtherwise() {
        var state = State()
        for _ in 0..<3 {
            #expect(state.requestBegins(asksForClose: false) == true)
            #expect(state.answerBegins(saysClose: false) == false)
            #expect(state.answerEnds() == .nothing)
        }
    }

    @Test(arguments: [0, 1])
    func anIdleOneMayAskOnceMore(requestsBefore: Int) {
        var state = connection(afterRequests: requestsBefore)
        #expect(state.drain() == .awaitRequest)
        #expect(state.requestBegins(asksForClose: false) == true)
        #expect(state.waitEnds() == .nothing, "the wait was not in vain")
        #expect(state.answerBegins(saysClose: false) == true, "the answer says that it is the last")
        #expect(state.requestBegins(asksForClose: false) == false, "nothing is taken after that")
        #expect(!state.takesRest)
        #expect(state.answerEnds() == .close)
    }

    @Test func oneThatAsksForNothingIsClosedAfterTheWait() {
        var state = connection(afterRequests: 1)
        #expect(state.drain() == .awaitRequest)
        #expect(state.drain() == .nothing, "told once is enough")
        #expect(state.waitEnds() == .close)
        #expect(state.requestBegins(asksForClose: false) == false)
    }

    @Test func anAnswerInProgressIsTheLastIfItCanStillSaySo() {
        var state = State()
        _ = state.requestBegins(asksForClose: false)
        #expect(state.drain() == .nothing)
        #expect(state.answerBegins(saysClose: false) == true)
        #expect(state.answerEnds() == .close)
    }

    @Test func anAnswerThatHasBegunAlreadyIsFollowedByAnother() {
        var state = State()
        _ = state.requestBegins(asksForClose: false)
        #expect(state.answerBegins(saysClose: false) == false)
        #expect(state.drain() == .nothing)
        #expect(state.answerEnds() == .awaitRequest)
        #expect(state.requestBegins(asksForClose: false) == true)
        #expect(state.answerBegins(saysClose: false) == true)
        #expect(state.answerEnds() == .close)
    }

    @Test func ofRequestsThatWereSentTogetherTheLastAnswerSaysSo() {
        var state = State()
        for _ in 0..<3 { #expect(state.requestBegins(asksForClose: false) == true) }
        #expect(state.drain() == .nothing)
        for isLast in [false, false, true] {
            #expect(state.answerBegins(saysClose: false) == isLast)
            #expect(state.answerEnds() == (isLast ? .close : .nothing))
        }
    }

    @Test func aClientThatAsksForTheEndIsToldSo() {
        var state = State()
        #expect(state.requestBegins(asksForClose: true) == true)
        #expect(state.answerBegins(saysClose: false) == true)
        #expect(state.answerEnds() == .close)
    }

    @Test func anAnswerToNoRequestMayEndTheConnectionByItself() {
        var state = State()
        #expect(state.answerBegins(saysClose: true) == true)
        #expect(state.answerEnds() == .close)
    }
}
