import ControlProtocol

extension EventQuery {
    /// The path that asks for it.
    var path: String {
        let start =
            switch start {
            case .now: ""
            case .after(let number): "&since=\(number)"
            case .since(let time): "&since=\(time)"
            }
        return "/v1/events?follow=\(follow)\(start)"
    }
}

extension LogQuery {
    /// The path that asks for it.
    var path: String {
        let tail = tail.map { "&tail=\($0)" } ?? ""
        return "/v1/logs?follow=\(follow)\(tail)" + services.map { "&service=\($0)" }.joined()
    }
}
