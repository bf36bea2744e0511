import ArgumentParser
import StackModel

/// Durations on the command line are written as in the stack file; a bare number means seconds, as Compose has it.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
    var duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        if let seconds = UInt32(argument) {
            duration = .seconds(seconds)
        } else if let duration = Duration(text: argument) {
            self.duration = duration
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { duration.text }
}
