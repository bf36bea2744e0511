import StackModel

/// Compose's `healthcheck`, which means readiness here.
///
/// Its `start_period` becomes a startup probe that never gives up: Compose does not count the failures of that time,
/// probes at `start_interval` in it, and restarts nothing on their account.
struct HealthcheckDraft: Sendable {
    var readiness: ProbeSpec
    /// The startup probe that `start_period` stands for, with the place of that key.
    var startup: Located<ProbeSpec>?
}

private struct ComposeHealthcheck: Sendable {
    var test: Located<HealthTest>?
    var disable: Located<Bool>?
    var interval: Located<Duration>?
    var timeout: Located<Duration>?
    var retries: Located<Int>?
    var startPeriod: Located<Duration>?
    var startInterval: Located<Duration>?
}

private enum HealthTest: Sendable {
    case none
    case command([Template])
}

extension Definition where Value == HealthcheckDraft? {
    /// Nil where it is switched off.
    static let healthcheck: Definition = Definition<ComposeHealthcheck>.mapping(
        "a healthcheck", ComposeHealthcheck.init,
        fields: [
            Field("test", \.test, .healthTest, "The command that tells, in Compose's forms."),
            Field("disable", \.disable, .boolean, default: "false", "Switches the check off."),
            Field("interval", \.interval, .positiveDuration, default: "30s", "How long from one run to the next."),
            Field("timeout", \.timeout, .positiveDuration, default: "30s", "How long one run may take."),
            Field(
                "retries", \.retries, .integer(1...1_000_000), default: "3", "So many fails in a row make a failure."),
            Field(
                "start_period", \.startPeriod, .duration, default: "0s",
                "While a start may take so long, the check runs every `start_interval` until it first passes."),
            Field(
                "start_interval", \.startInterval, .positiveDuration, default: "5s",
                "How long from one run to the next while it starts."),
        ]
    ).refine { draft, node, report in
        guard draft.disable?.value != true else { return .some(nil) }
        switch draft.test?.value {
        case .some(.none): return .some(nil)
        case nil:
            if node["test"] == nil {
                report.error(
                    at: node.location, "the healthcheck has no `test`",
                    remedy: "give it one such as `[CMD, pg_isready]`, or `disable: true`")
            }
            return nil
        case .command(let command)?: return .some(draft.resolved(command: command))
        }
    }
}

extension ComposeHealthcheck {
    /// As good as never: at one second apart, 30 years.
    private static let never = ProbeDraft.largestThreshold

    func resolved(command: [Template]) -> HealthcheckDraft {
        let readiness = ProbeSpec(
            handler: .exec(command: command), period: interval?.value ?? .seconds(30),
            timeout: timeout?.value ?? .seconds(30), failureThreshold: retries?.value ?? 3)
        let startup = startPeriod.flatMap { period -> Located<ProbeSpec>? in
            guard period.value > .zero else { return nil }
            var startup = readiness
            startup.period = startInterval?.value ?? .seconds(5)
            startup.failureThreshold = Self.never
            return Located(startup, at: period.location)
        }
        return HealthcheckDraft(readiness: readiness, startup: startup)
    }
}

extension Definition where Value == HealthTest {
    private static let words = "a line for the shell, or a list that begins with CMD, CMD-SHELL or NONE"

    fileprivate static let healthTest: Definition = forms(
        words,
        scalar: Definition<Template>.template(words).map { .command(["/bin/sh", "-c", $0]) },
        sequence: Definition<[Template]>.list(of: .template(words, allowsEmpty: true), form: words).refine {
            test, node, report in
            switch test.first?.description {
            case "NONE" where test.count == 1: return HealthTest.none
            case "CMD" where test.count > 1 && !test[1].parts.isEmpty: return .command(Array(test.dropFirst()))
            case "CMD-SHELL" where test.count == 2: return .command(["/bin/sh", "-c", test[1]])
            default: return report.mismatch(node, of: "test", form: words)
            }
        })
}
