import ControlProtocol
import Glibc

extension Timestamp {
    /// Where the user is, to the second: `2026-11-23 09:12:03`.
    var localText: String {
        var seconds = time_t(milliseconds / 1_000)
        var local = tm()
        localtime_r(&seconds, &local)
        // What reads the fields as if they were UTC writes them back as they are.
        let asIfUTC = Timestamp(milliseconds: Int64(timegm(&local)) * 1_000)
        return String(asIfUTC.description.prefix("yyyy-mm-ddThh:mm:ss".count)).replacing("T", with: " ")
    }
}
