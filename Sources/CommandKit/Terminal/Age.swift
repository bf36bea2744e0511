import ControlProtocol
import FoundationEssentials
import Glibc

extension Timestamp {
    /// The wall clock's time.
    static func now() -> Timestamp {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
    }

    /// The time of day where the user is: `09:12:03.250`.
    var localTimeOfDay: String {
        var seconds = time_t(milliseconds / 1_000)
        var local = tm()
        localtime_r(&seconds, &local)
        let fields = [Int64(local.tm_hour), Int64(local.tm_min), Int64(local.tm_sec)].map { Self.padded($0, to: 2) }
        return fields.joined(separator: ":") + "." + Self.padded(milliseconds % 1_000, to: 3)
    }

    private static func padded(_ number: Int64, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// How long something has been so, in the one unit that matters: `850ms`, `4.2s`, `12s`, `5m`, `3h`, `12d`.
func age(from start: Timestamp, to end: Timestamp) -> String {
    // The daemon's clock and this one are the same; only a step of it can make an age negative.
    let milliseconds = max(0, end.milliseconds - start.milliseconds)
    switch milliseconds {
    case ..<1_000: return "\(milliseconds)ms"
    case ..<10_000: return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100)s"
    case ..<120_000: return "\(milliseconds / 1_000)s"
    case ..<7_200_000: return "\(milliseconds / 60_000)m"
    case ..<172_800_000: return "\(milliseconds / 3_600_000)h"
    default: return "\(milliseconds / 86_400_000)d"
    }
}
