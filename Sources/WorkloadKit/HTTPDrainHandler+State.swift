extension HTTPDrainHandler {
    /// Which answer of a connection is its last, and which request is not taken any more.
    ///
    /// A client may not be surprised by the end of a connection that it may use again: its next request could be on its
    /// way already, and would be lost. So an answer says that it is the last one (`Connection: close`) before the
    /// connection ends. Source: RFC 9112, 9.6.
    struct State {
        private enum Phase {
            /// Any number of requests may come; becomes `leaving`, or `closing` where an answer says so by itself.
            case open
            /// No request should come but those that are on their way; becomes `closing` with the answer to the last one.
            case leaving
            /// The last answer has been announced, or nobody has asked for one; no request is taken. Final.
            case closing
        }

        /// What follows from the end of an answer.
        enum Next: Equatable {
            case nothing
            /// The answer had begun before it could say that it is the last: the client may ask once more, for a while.
            case awaitRequest
            case close
        }

        private var phase = Phase.open
        /// Requests that were taken and whose answers have not been written to their ends.
        private var inFlight = 0
        private var isTaking = true

        /// A request begins; what it asks for, the end of the connection perhaps, is the client's good right.
        ///
        /// - Returns: whether it is taken.
        mutating func requestBegins(asksForClose: Bool) -> Bool {
            switch phase {
            case .open:
                inFlight += 1
                if asksForClose { phase = .leaving }
            case .leaving:
                inFlight += 1
            case .closing:
                isTaking = false
            }
            return isTaking
        }

        /// More of the request that began last; whether that one was taken.
        var takesRest: Bool { isTaking }

        /// An answer begins; whether it must say that it is the last.
        mutating func answerBegins(saysClose: Bool) -> Bool {
            switch phase {
            case .open: if saysClose { phase = .closing }
            // Those that were sent together with this one are answered too.
            case .leaving: if saysClose || inFlight <= 1 { phase = .closing }
            case .closing: break
            }
            return phase == .closing
        }

        mutating func answerEnds() -> Next {
            // An answer to what was no request at all has none in flight.
            inFlight = max(0, inFlight - 1)
            switch phase {
            case .open: return .nothing
            case .leaving: return inFlight == 0 ? .awaitRequest : .nothing
            case .closing: return .close
            }
        }

        /// The connection should end.
        mutating func drain() -> Next {
            switch phase {
            case .open:
                phase = .leaving
                return inFlight == 0 ? .awaitRequest : .nothing
            case .leaving, .closing:
                return .nothing
            }
        }

        /// The client had its time to ask once more.
        mutating func waitEnds() -> Next {
            guard phase == .leaving, inFlight == 0 else { return .nothing }
            phase = .closing
            return .close
        }
    }
}
