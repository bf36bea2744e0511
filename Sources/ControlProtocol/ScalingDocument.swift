/// Who says how many replicas a service has, and what its autoscaler decided last.
public struct ScalingDocument: Hashable, Codable, Sendable {
    /// Who said the number that there is now.
    public enum Rule: String, Hashable, Codable, Sendable, CaseIterable {
        case file
        /// Somebody asked for it.
        case manual
        case autoscaler
    }

    public var rule: Rule
    /// It has an autoscaler, and that decides: not while somebody has scaled it to none, nor while it is stopped.
    public var active: Bool
    /// It is down to none, and the next connection brings it back.
    public var awaitsConnection: Bool
    /// Of its autoscaler, where it has one.
    public var minimum: Int?
    public var maximum: Int?
    /// How often the autoscaler looks at the load.
    public var interval: Double?
    /// The latest; nil where there was none yet.
    public var decision: Decision?

    public init(
        rule: Rule, active: Bool = false, awaitsConnection: Bool = false, minimum: Int? = nil, maximum: Int? = nil,
        interval: Double? = nil, decision: Decision? = nil
    ) {
        self.rule = rule
        self.active = active
        self.awaitsConnection = awaitsConnection
        self.minimum = minimum
        self.maximum = maximum
        self.interval = interval
        self.decision = decision
    }

    enum CodingKeys: String, CodingKey {
        case rule, active, minimum, maximum, decision
        case awaitsConnection = "awaits_connection"
        case interval = "interval_seconds"
    }
}

extension ScalingDocument {
    /// One decision of the autoscaler with all that it was made from.
    public struct Decision: Hashable, Codable, Sendable {
        /// When it was made last: one that repeats itself is told once.
        public var time: Timestamp
        /// How many replicas there were to be before, and are to be since.
        public var current: Int
        public var desired: Int
        /// What the metrics ask for; nil where they say nothing that could be acted upon.
        public var recommendation: Int?
        /// What the stabilization windows leave of that.
        public var stabilized: Int?
        /// Why, in one sentence.
        public var reason: String
        /// In the order of the file.
        public var metrics: [Metric]
        /// What kept the number from following the recommendation, in the order in which it did.
        public var limits: [Limit]
        /// The replicas that go, as `backend/2`, the least loaded first.
        public var removed: [String]

        public init(
            time: Timestamp, current: Int, desired: Int, recommendation: Int? = nil, stabilized: Int? = nil,
            reason: String, metrics: [Metric] = [], limits: [Limit] = [], removed: [String] = []
        ) {
            self.time = time
            self.current = current
            self.desired = desired
            self.recommendation = recommendation
            self.stabilized = stabilized
            self.reason = reason
            self.metrics = metrics
            self.limits = limits
            self.removed = removed
        }
    }

    /// What one metric said: a proposal, or why there is none.
    public struct Metric: Hashable, Codable, Sendable {
        /// As the stack file calls it.
        public var name: String
        /// As people write it: `70%`, `512M`, `16`.
        public var target: String
        /// What was measured, in the unit of the target.
        public var value: String?
        /// Of the value to its target, with what was not measured filled in.
        public var ratio: Double?
        /// How many replicas it asks for.
        public var replicas: Int?
        public var counted: Counted?
        /// Why it says nothing.
        public var error: String?

        public init(
            name: String, target: String, value: String? = nil, ratio: Double? = nil, replicas: Int? = nil,
            counted: Counted? = nil, error: String? = nil
        ) {
            self.name = name
            self.target = target
            self.value = value
            self.ratio = ratio
            self.replicas = replicas
            self.counted = counted
            self.error = error
        }
    }

    /// How the replicas count for a metric (Kubernetes' groups of pods).
    public struct Counted: Hashable, Codable, Sendable {
        public var ready: Int
        /// They do not run yet, or what was measured of them says nothing yet.
        public var unready: Int
        /// Nothing was measured of them.
        public var missing: Int
        /// They have failed, or go.
        public var ignored: Int

        public init(ready: Int = 0, unready: Int = 0, missing: Int = 0, ignored: Int = 0) {
            self.ready = ready
            self.unready = unready
            self.missing = missing
            self.ignored = ignored
        }
    }

    /// Something that kept the number of replicas from following the metrics.
    public struct Limit: Hashable, Codable, Sendable {
        public enum Code: String, Hashable, Codable, Sendable, CaseIterable {
            /// A more cautious recommendation counts still.
            case stabilization
            /// No policy allows more in its period.
            case policy
            case disabled, minimum, maximum
            /// Without all of its metrics there is no reason for fewer replicas.
            case missingMetrics = "missing_metrics"
            case noMetrics = "no_metrics"
            /// The host's pressure.
            case pressure
            /// The host's memory.
            case memory
            /// All limits together are as much as the host has.
            case overcommit
            /// Somebody may still be connected.
            case notIdle = "not_idle"
        }

        public var code: Code
        /// The same for people, with its numbers.
        public var text: String

        public init(code: Code, text: String) {
            self.code = code
            self.text = text
        }
    }
}

/// `GET /v1/services/{name}/scaling`: how many replicas a service has, and the autoscaler's decisions so far.
public struct ScalingStatusDocument: Hashable, Codable, Sendable {
    public var service: String
    /// How many replicas there should be.
    public var scale: Int
    public var scaling: ScalingDocument
    /// The newest first; a few.
    public var decisions: [ScalingDocument.Decision]

    public init(service: String, scale: Int, scaling: ScalingDocument, decisions: [ScalingDocument.Decision]) {
        self.service = service
        self.scale = scale
        self.scaling = scaling
        self.decisions = decisions
    }
}

/// The answer to `POST /v1/services/{name}/scale`: it was accepted, and this is what counts from now on.
public struct ScaledDocument: Hashable, Codable, Sendable {
    public var service: String
    /// How many replicas there should be.
    public var scale: Int
    public var scaling: ScalingDocument
    /// The newest event before those of the command: whoever follows the events after it misses nothing.
    public var event: UInt64

    public init(service: String, scale: Int, scaling: ScalingDocument, event: UInt64) {
        self.service = service
        self.scale = scale
        self.scaling = scaling
        self.event = event
    }
}

extension ScalingDocument.Rule: JSONValue {}
extension ScalingDocument.Limit.Code: JSONValue {}

extension ScalingDocument: WireDocument {
    public static let summary = "Who says how many replicas a service has, and what its autoscaler decided last."
    public static let properties: [WireProperty<ScalingDocument>] = [
        .init(
            "active", \.active,
            "It has an autoscaler, and that decides: not while somebody has scaled it to none, nor while it is stopped."
        ),
        .init("awaits_connection", \.awaitsConnection, "It is down to none, and the next connection brings it back."),
        .optional("decision", \.decision, "The autoscaler's latest; not there where there was none yet."),
        .optional("interval_seconds", \.interval, "How often the autoscaler looks at the load."),
        .optional("maximum", \.maximum, "How many replicas the autoscaler has at the most."),
        .optional("minimum", \.minimum, "How many replicas the autoscaler has at the least."),
        .init("rule", \.rule, "Who said the number: the file; manual: somebody asked for it; the autoscaler."),
    ]
}

extension ScalingDocument.Decision: WireDocument {
    public static let summary = "One decision of an autoscaler with all that it was made from."
    public static let properties: [WireProperty<ScalingDocument.Decision>] = [
        .init("current", \.current, "How many replicas there were to be before."),
        .init("desired", \.desired, "How many there are to be since."),
        .init(
            "limits", \.limits,
            "What kept the number from following the recommendation, in the order in which it did."),
        .init("metrics", \.metrics, "What each metric said, in the order of the file."),
        .init("reason", \.reason, "Why, in one sentence."),
        .optional(
            "recommendation", \.recommendation,
            "What the metrics ask for; not there where they say nothing that could be acted upon."),
        .init("removed", \.removed, "The replicas that go, as backend/2, the least loaded first."),
        .optional("stabilized", \.stabilized, "What the stabilization windows leave of the recommendation."),
        .init("time", \.time, "When it was made last: one that repeats itself is told once."),
    ]
}

extension ScalingDocument.Metric: WireDocument {
    public static let summary = "What one metric said: a proposal, or why there is none."
    public static let properties: [WireProperty<ScalingDocument.Metric>] = [
        .optional("counted", \.counted, "How the replicas counted for it."),
        .optional("error", \.error, "Why it says nothing."),
        .init("name", \.name, "As the stack file calls it."),
        .optional("ratio", \.ratio, "Of the value to its target, with what was not measured filled in."),
        .optional("replicas", \.replicas, "How many replicas it asks for."),
        .init("target", \.target, "As people write it: 70%, 512M, 16."),
        .optional("value", \.value, "What was measured, in the unit of the target."),
    ]
}

extension ScalingDocument.Counted: WireDocument {
    public static let summary = "How the replicas counted for a metric, as Kubernetes groups pods."
    public static let properties: [WireProperty<ScalingDocument.Counted>] = [
        .init("ignored", \.ignored, "They have failed, or go."),
        .init("missing", \.missing, "Nothing was measured of them."),
        .init("ready", \.ready, "What was measured of them counts."),
        .init("unready", \.unready, "They do not run yet, or what was measured of them says nothing yet."),
    ]
}

extension ScalingDocument.Limit: WireDocument {
    public static let summary = "Something that kept the number of replicas from following the metrics."
    public static let properties: [WireProperty<ScalingDocument.Limit>] = [
        .init(
            "code", \.code,
            """
            stabilization: a more cautious recommendation counts still; policy: none allows more in its period; \
            disabled; minimum; maximum; missing_metrics: without them there is no reason for fewer replicas; \
            no_metrics; pressure: the host's; memory: the host's; overcommit: all limits together are as much as the \
            host has; not_idle: somebody may still be connected.
            """),
        .init("text", \.text, "The same for people, with its numbers."),
    ]
}

extension ScalingStatusDocument: WireDocument {
    public static let summary = "How many replicas a service has, and the decisions of its autoscaler so far."
    public static let properties: [WireProperty<ScalingStatusDocument>] = [
        .init("decisions", \.decisions, "The newest first; a few."),
        .init("scale", \.scale, "How many replicas there should be."),
        .init("scaling", \.scaling, "Who says so."),
        .init("service", \.service, "The service."),
    ]
}

extension ScaledDocument: WireDocument {
    public static let summary = "Another number of replicas was accepted, and this is what counts from now on."
    public static let properties: [WireProperty<ScaledDocument>] = [
        .event(\.event),
        .init("scale", \.scale, "How many replicas there should be."),
        .init("scaling", \.scaling, "Who says so."),
        .init("service", \.service, "The service."),
    ]
}
