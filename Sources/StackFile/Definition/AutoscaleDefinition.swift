import StackModel

/// `autoscale` as the file gives it.
struct AutoscaleDraft: Sendable {
    var minimum: Located<Int>?
    var maximum: Located<Int>?
    var metrics: Located<[Located<LoadMetric>]>?
    var interval: Located<Duration>?
    var behavior: Located<ScalingBehaviorDraft>?
    var processorInitializationPeriod: Located<Duration>?
    var initialReadinessDelay: Located<Duration>?
    var idleAfter: Located<Duration>?
    var pressure: Located<AutoscaleSpec.PressureLimits>?
    var overcommit: Located<AutoscaleSpec.Overcommit>?

    /// How many replicas it begins with where the file does not say it otherwise.
    var initialReplicas: Int { minimum?.value ?? 1 }

    /// How many replicas there may be; nil where the file gives no such range.
    var bounds: ClosedRange<Int>? {
        maximum.flatMap { initialReplicas <= $0.value ? initialReplicas...$0.value : nil }
    }
}

extension Definition where Value == AutoscaleDraft {
    static let autoscale: Definition = mapping(
        "`autoscale`", AutoscaleDraft.init, required: ["max", "metrics"], fields: AutoscaleDraft.fields
    ).refine { draft, _, report in
        if let maximum = draft.maximum, maximum.value < draft.initialReplicas {
            report.error(
                at: maximum.location, "`max` is below `min`", remedy: "it is \(draft.initialReplicas) or more")
        }
        if let idleAfter = draft.idleAfter, draft.initialReplicas > 0 {
            report.error(
                at: idleAfter.location, "there is always a replica, so `idle_after` has no meaning",
                remedy: "leave it out, or let `min` be 0")
        }
        return draft
    }
}

extension AutoscaleDraft {
    static let fields: [Field<AutoscaleDraft>] = [
        Field(
            "min", \.minimum, .replicas, default: "1",
            "The fewest replicas; with 0 a service that nobody uses goes down to none, and the first connection, or "
                + "request of a `route`, brings it back."),
        Field("max", \.maximum, .integer(1...ServiceDraft.mostReplicas), "The most replicas."),
        Field(
            "metrics", \.metrics, .metrics,
            "What is measured, and how much of it is right; the metric that asks for most replicas wins."),
        Field(
            "interval", \.interval,
            .duration("a duration from `100ms` to `1h`") { .milliseconds(100)...(.seconds(3600)) ~= $0 },
            default: "5s", "How often the load is measured, and decided upon."),
        Field(
            "behavior", \.behavior, .behavior,
            "How fast the number may change, with `scale_up` and `scale_down`, as in Kubernetes."),
        Field(
            "cpu_initialization_period", \.processorInitializationPeriod, .duration, default: "5m",
            "What a replica uses of the processor within so long of its start counts only if it is ready."),
        Field(
            "initial_readiness_delay", \.initialReadinessDelay, .duration, default: "30s",
            "A replica that has not been ready for longer since so long after its start has never been ready."),
        Field(
            "idle_after", \.idleAfter, .positiveDuration, default: "5m",
            "With `min: 0`: how long nobody has been connected until the last replica goes."),
        Field(
            "pressure", \.pressure, .pressure, default: "{cpu: 90%, memory: 20%, io: 60%}",
            "Above this pressure of the host (PSI, 10 s) no replicas are added; `none` does not look."),
        Field(
            "overcommit", \.overcommit, .overcommit, default: "{cpus: 100%, memory: 100%}",
            "How much of the host's processors and memory the limits of all replicas may add up to."),
    ]
}

extension Definition where Value == Int {
    static let replicas: Definition = integer(0...ServiceDraft.mostReplicas)

    /// A share of something in thousandths: `12.5%`, or `0.125`.
    static func share(_ range: ClosedRange<Int>) -> Definition {
        Definition<Int?>.share(range, or: nil).refine { share, _, _ in share }
    }
}

extension Definition where Value == Int? {
    /// - Parameter word: what stands for none.
    fileprivate static func share(_ range: ClosedRange<Int>, or word: String?) -> Definition {
        let bounds = [range.lowerBound, range.upperBound].map { "\(Thousandths.text($0 * 100))%" }
        let pattern = "^([0-9]+(\\.[0-9]+)?%?" + (word.map { "|\($0)" } ?? "") + ")$"
        return scalar(
            "a percentage from \(bounds[0]) to \(bounds[1])" + (word.map { ", or `\($0)`" } ?? ""),
            schema: ["type": ["string", "number"], "pattern": .string(pattern)]
        ) { text, _ in
            if text == word { return .some(nil) }
            let thousandths =
                text.hasSuffix("%")
                ? Thousandths.parse(String(text.dropLast())).flatMap { $0 % 100 == 0 ? $0 / 100 : nil }
                : Thousandths.parse(text)
            return thousandths.flatMap { range.contains($0) ? .some($0) : nil }
        }
    }
}

// MARK: - The host's room

private struct PressureDraft: Sendable {
    var cpu: Located<Int?>?
    var memory: Located<Int?>?
    var io: Located<Int?>?
}

extension Definition where Value == AutoscaleSpec.PressureLimits {
    fileprivate static let pressure: Definition = forms(
        "`none`, or a mapping with `cpu`, `memory` and `io`",
        scalar: choice(["none": AutoscaleSpec.PressureLimits(cpu: nil, memory: nil, io: nil)]),
        mapping: Definition<PressureDraft>.mapping(
            "`pressure`", PressureDraft.init,
            fields: [
                Field("cpu", \.cpu, .pressure, default: "90%", "Of the time, some process waits for a processor."),
                Field("memory", \.memory, .pressure, default: "20%", "Of the time, some process waits for memory."),
                Field("io", \.io, .pressure, default: "60%", "Of the time, some process waits for a disk."),
            ]
        ).map { draft in
            var limits = AutoscaleSpec.PressureLimits()
            if let cpu = draft.cpu { limits.cpu = cpu.value }
            if let memory = draft.memory { limits.memory = memory.value }
            if let io = draft.io { limits.io = io.value }
            return limits
        })
}

extension Definition where Value == Int? {
    fileprivate static let pressure: Definition = share(1...1000, or: "none")
}

private struct OvercommitDraft: Sendable {
    var cpus: Located<Int>?
    var memory: Located<Int>?
}

extension Definition where Value == AutoscaleSpec.Overcommit {
    fileprivate static let overcommit: Definition = Definition<OvercommitDraft>.mapping(
        "`overcommit`", OvercommitDraft.init,
        fields: [
            Field("cpus", \.cpus, .share(1...100_000), default: "100%", "Of the host's processors."),
            Field("memory", \.memory, .share(1...100_000), default: "100%", "Of its memory."),
        ]
    ).map { draft in
        let standard = AutoscaleSpec.Overcommit()
        return AutoscaleSpec.Overcommit(
            cpus: draft.cpus?.value ?? standard.cpus, memory: draft.memory?.value ?? standard.memory)
    }
}
