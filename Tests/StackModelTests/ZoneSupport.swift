@testable import StackModel

let zurich = zone("Europe/Zurich", "CET-1CEST,M3.5.0,M10.5.0/3")
/// Half an hour of daylight saving time, in the southern summer.
let lordHowe = zone("Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")

/// A zone whose rule has always been the same.
func zone(_ name: String, _ rule: String) -> ZoneRules {
    ZoneRules(name: name, firstOffset: 0, transitions: [], rule: DaylightRule(text: rule.utf8))
}

/// The time at which a clock in UTC shows `2026-11-23 07:52`; nil where no clock does.
func instant(_ text: String) -> Int64? {
    let numbers = text.split { "- :".contains($0) }.compactMap { Int64($0) }
    guard numbers.count == 5, let date = CivilDate(year: numbers[0], month: numbers[1], day: numbers[2]) else {
        return nil
    }
    return date.daysSinceEpoch * 86_400 + numbers[3] * 3600 + numbers[4] * 60
}

/// What a clock of the zone shows, to the minute.
func wallText(_ time: Int64, in zone: ZoneRules) -> String {
    let wall = time + zone.offset(at: time)
    let minutes = wall.flooredRemainder(by: 86_400) / 60
    func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(CivilDate(daysSinceEpoch: wall.flooredQuotient(by: 86_400))) "
        + "\(twoDigits(minutes / 60)):\(twoDigits(minutes % 60))"
}
