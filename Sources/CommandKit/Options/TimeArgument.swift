import ArgumentParser
import ControlProtocol
import Glibc
import StackModel

/// A point in time on the command line, as `docker logs --since` takes it: a time of RFC 3339, a local one without a
/// zone (a date alone is its midnight), seconds since 1970, or a duration, which means so long ago.
enum TimeArgument: ExpressibleByArgument, Hashable {
    case at(Timestamp)
    case ago(Duration)

    init?(argument: String) {
        if let time = Timestamp(argument) ?? Timestamp(local: argument) ?? Timestamp(secondsText: argument) {
            self = .at(time)
        } else if let duration = Duration(text: argument) {
            self = .ago(duration)
        } else {
            return nil
        }
    }

    func timestamp(now: Timestamp = .now()) -> Timestamp {
        switch self {
        case .at(let time): time
        case .ago(let duration):
            Timestamp(milliseconds: now.milliseconds - duration.milliseconds)
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    fileprivate var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}

extension Timestamp {
    /// `2026-11-23`, `2026-11-23T10:00` or `2026-11-23 10:00:05`, where the user is.
    fileprivate init?(local text: String) {
        let missing = ["yyyy-mm-dd".count: "T00:00:00Z", "yyyy-mm-ddThh:mm".count: ":00Z"][text.count] ?? "Z"
        guard let asIfUTC = Timestamp(text + missing) else { return nil }
        var seconds = time_t(asIfUTC.milliseconds / 1_000)
        var fields = tm()
        gmtime_r(&seconds, &fields)
        fields.tm_isdst = -1
        self.init(milliseconds: Int64(mktime(&fields)) * 1_000 + asIfUTC.milliseconds % 1_000)
    }

    fileprivate init?(secondsText text: String) {
        // Beyond this the milliseconds would not fit.
        guard let seconds = Int64(text), (0...(1 << 50)).contains(seconds) else { return nil }
        self.init(milliseconds: seconds * 1_000)
    }
}
