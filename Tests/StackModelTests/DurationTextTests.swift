import StackModel
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("0", Duration.zero), ("0s", .zero), ("500ms", .milliseconds(500)), ("10s", .seconds(10)),
        ("1m30s", .seconds(90)), ("2h", .seconds(7200)), ("1d", .seconds(86400)), ("1.5s", .milliseconds(1500)),
        ("0.25h", .seconds(900)), ("7us", .microseconds(7)), ("7µs", .microseconds(7)), ("7ns", .nanoseconds(7)),
        ("0.000000001s", .nanoseconds(1)), ("1h0m5s", .seconds(3605)), ("106751d", .seconds(106751 * 86400)),
    ])
    func read(text: String, duration: Duration) {
        #expect(Duration(text: text) == duration)
    }

    @Test(arguments: [
        "", "10", "s", "ms", "-1s", "+1s", "1x", "1 s", " 1s", "1s ", "1.s", ".5s", "1..5s", "1.5.5s", "1.0000000001s",
        "106752d", "99999999999999999999s", "106751d23h59m59s999999999999ns", "٣s", "1e3s", "infinity", "00",
    ])
    func refuse(text: String) {
        #expect(Duration(text: text) == nil)
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.milliseconds(250), "250ms"), (.seconds(90), "1m30s"), (.seconds(60), "1m"),
        (.nanoseconds(1_001), "1us1ns"), (.seconds(86_400) + .nanoseconds(1), "1d1ns"), (.seconds(-90), "-1m30s"),
    ])
    func write(duration: Duration, text: String) {
        #expect(duration.text == text)
    }

    @Test func whatIsWrittenIsReadAgain() {
        var nanoseconds: Int64 = 1
        while nanoseconds < .max / 7 {
            for offset in [-1, 0, 1] as [Int64] {
                let duration = Duration.nanoseconds(nanoseconds + offset)
                #expect(Duration(text: duration.text) == duration)
            }
            nanoseconds *= 7
        }
        #expect(Duration(text: Duration.nanoseconds(Int64.max).text) == Duration.nanoseconds(Int64.max))
    }

    @Test(arguments: [
        (Duration.nanoseconds(999), "999ns"), (.microseconds(12), "12us"), (.milliseconds(340), "340ms"),
        (.milliseconds(1250), "1.25s"), (.milliseconds(1050), "1.05s"), (.milliseconds(2000), "2s"),
        (.milliseconds(1500), "1.50s"), (.milliseconds(9990), "9.99s"), (.milliseconds(10_900), "10s"),
        (.seconds(250), "4m10s"), (.milliseconds(-1250), "-1.25s"), (.zero, "0ns"),
    ])
    func approximate(duration: Duration, text: String) {
        #expect(duration.approximateText == text)
    }

    @Test func wholeNanosecondsAreHeldToWhatFits() {
        #expect(Duration.seconds(1).wholeNanoseconds == 1_000_000_000)
        #expect(Duration.nanoseconds(-5).wholeNanoseconds == -5)
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
    }
}
