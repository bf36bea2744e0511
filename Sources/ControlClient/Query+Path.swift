import ControlProtocol

extension EventQuery {
    /// The path that asks for it.
    var path: String {
        var path = "/v1/events?follow=\(follow)"
        switch start {
        case .now: break
        case .after(let number): path += "&since=\(number)"
        case .since(let time): path += "&since=\(time)"
        }
        return path
    }
}

extension LogQuery {
    /// The path that asks for it.
    var path: String {
        let parameters: [(String, String?)] =
            [
                ("tail", tail.map { "\($0)" }), ("since", since?.description), ("until", until?.description),
                ("grep", pattern), ("after", after?.description),
            ] + services.map { ("service", $0) }
        return parameters.reduce("/v1/logs?follow=\(follow)") { path, parameter in
            path + (parameter.1.map { "&\(parameter.0)=\($0.percentEncoded)" } ?? "")
        }
    }
}

extension String {
    /// With everything as `%XX` but RFC 3986's unreserved characters.
    fileprivate var percentEncoded: String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                [byte]
            default:
                [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
