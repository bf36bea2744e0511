/// The body of `POST /v1/plan`.
public struct PlanRequest: Hashable, Codable, Sendable {
    /// Values for the `${VARIABLES}` of the stack file, in place of those of the daemon's own environment.
    public var environment: [String: String]

    public init(environment: [String: String] = [:]) {
        self.environment = environment
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        environment = try container.decodeIfPresent([String: String].self, forKey: .environment) ?? [:]
    }
}

/// The body of `POST /v1/apply`.
public struct ApplyRequest: Hashable, Codable, Sendable {
    /// The plan that is to be carried out; it is refused where another would be by now. Nil is whatever the plan is.
    public var plan: String?
    public var environment: [String: String]
    /// Instances that a rollout would replace are all stopped, then started.
    public var atOnce: Bool

    public init(plan: String? = nil, environment: [String: String] = [:], atOnce: Bool = false) {
        self.plan = plan
        self.environment = environment
        self.atOnce = atOnce
    }

    enum CodingKeys: String, CodingKey {
        case plan, environment
        case atOnce = "at_once"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        plan = try container.decodeIfPresent(String.self, forKey: .plan)
        environment = try container.decodeIfPresent([String: String].self, forKey: .environment) ?? [:]
        atOnce = try container.decodeIfPresent(Bool.self, forKey: .atOnce) ?? false
    }
}

/// What applying the stack files as they are now would do: the answer to `POST /v1/plan` and `POST /v1/apply`.
public struct PlanDocument: Hashable, Codable, Sendable {
    /// One service of the running stack or of the files.
    public struct Change: Hashable, Codable, Sendable {
        public enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
            /// The service is not touched.
            case none
            /// What changed needs no restart.
            case live
            /// Its instances are replaced by a rollout.
            case rolling
            /// They are stopped, then started from the new spec: it runs by a schedule, or somebody is impatient.
            case restart
            /// It is new in the files, and starts.
            case start
            /// It is gone from the files, and stops.
            case stop
        }

        public var service: String
        public var kind: Kind
        /// In the order of their keys.
        public var differences: [Difference]
        /// The services that depend on it, directly or not, and run on while it is away.
        public var dependents: [String]
        /// Those that are restarted after it was replaced, as they ask for it by `restart: true`.
        public var restarted: [String]
        /// Of a rollout.
        public var memory: Memory?

        public init(
            service: String, kind: Kind, differences: [Difference] = [], dependents: [String] = [],
            restarted: [String] = [], memory: Memory? = nil
        ) {
            self.service = service
            self.kind = kind
            self.differences = differences
            self.dependents = dependents
            self.restarted = restarted
            self.memory = memory
        }
    }

    /// What a service's instances use of the host's memory.
    public struct Memory: Hashable, Codable, Sendable {
        public var nowBytes: UInt64
        /// At the most during the rollout, should the new ones use as much as those of now.
        public var peakBytes: UInt64

        public init(nowBytes: UInt64, peakBytes: UInt64) {
            self.nowBytes = nowBytes
            self.peakBytes = peakBytes
        }

        enum CodingKeys: String, CodingKey {
            case nowBytes = "now_bytes"
            case peakBytes = "peak_bytes"
        }
    }

    /// A key whose value is another; nil stands for a key that is not there.
    public struct Difference: Hashable, Codable, Sendable {
        /// As in the resolved file: `environment.PORT`, `probes.readiness.period`.
        public var key: String
        public var before: String?
        public var after: String?

        public init(key: String, before: String?, after: String?) {
            self.key = key
            self.before = before
            self.after = after
        }
    }

    /// The plan's hash, by which `POST /v1/apply` carries out exactly this one.
    public var plan: String
    /// In the order of the services' names.
    public var changes: [Change]
    /// What is different about who may control the stack, and from where; it touches no service.
    public var control: [Difference]
    /// Addresses that something else has: `backend: listen.http 127.0.0.1:8000 is taken by another process`. A plan
    /// with any is not carried out.
    public var conflicts: [String]
    /// The file's warnings, as `FILE:LINE:COLUMN: warning: …`; then limits that the host cannot enforce, or that add up
    /// to more than it has, each in a sentence.
    public var warnings: [String]
    /// The newest event before those of the apply: whoever follows the events after it misses nothing.
    public var event: UInt64

    public init(
        plan: String, changes: [Change], control: [Difference] = [], conflicts: [String] = [],
        warnings: [String] = [], event: UInt64
    ) {
        self.plan = plan
        self.changes = changes
        self.control = control
        self.conflicts = conflicts
        self.warnings = warnings
        self.event = event
    }

    /// Nothing would be touched.
    public var isEmpty: Bool { control.isEmpty && changes.allSatisfy { $0.kind == .none } }
}

extension PlanDocument.Change.Kind: JSONValue {}

private let variables = """
    Values for the ${VARIABLES} of the stack file, over those of the daemon's own environment. They take the role \
    admin, as they can change what is run.
    """

extension PlanRequest: WireRequest {
    public static let summary = "What is to be planned."
    public static let properties: [WireProperty<PlanRequest>] = [
        .omissible("environment", \.environment, variables)
    ]
}

extension ApplyRequest: WireRequest {
    public static let summary = "What is to be applied."
    public static let properties: [WireProperty<ApplyRequest>] = [
        .omissible(
            "at_once", \.atOnce, "Instances that a rollout would replace one by one are all stopped, then started."),
        .omissible("environment", \.environment, variables),
        .optional(
            "plan", \.plan,
            """
            The plan that is to be carried out; it is refused where another would be by now. Without it: whatever \
            the plan is.
            """),
    ]
}

extension PlanDocument: WireDocument {
    public static let summary = "What applying the stack files as they are now would do."
    public static let properties: [WireProperty<PlanDocument>] = [
        .init("changes", \.changes, "In the order of the services' names."),
        .init(
            "conflicts", \.conflicts, "Addresses that something else has; a plan with any is not carried out."),
        .init(
            "control", \.control,
            "What is different about who may control the stack, and from where; it touches no service."),
        .event(\.event),
        .init("plan", \.plan, "The hash of the plan, by which POST /v1/apply carries out exactly this one."),
        .init(
            "warnings", \.warnings,
            """
            The file's warnings, as FILE:LINE:COLUMN: warning: …; then limits that this host cannot enforce, or that \
            add up to more than it has, each in a sentence.
            """),
    ]
}

extension PlanDocument.Change: WireDocument {
    public static let summary = "What becomes of one service."
    public static let properties: [WireProperty<PlanDocument.Change>] = [
        .init(
            "dependents", \.dependents,
            "The services that depend on it, directly or not, and run on while it is away."),
        .init("differences", \.differences, "In the order of their keys."),
        .init(
            "kind", \.kind,
            """
            none: it is not touched; live: without a restart; rolling: its instances are replaced by a rollout; \
            restart: they are stopped, then started anew; start: it is new in the files; stop: it is gone from them.
            """),
        .optional("memory", \.memory, "What its instances use now, and would use at the most during the rollout."),
        .init(
            "restarted", \.restarted, "The services that are restarted after it, as they ask for it: restart: true."),
        .init("service", \.service, "The service."),
    ]
}

extension PlanDocument.Memory: WireDocument {
    public static let summary = "What a service's instances use of the host's memory."
    public static let properties: [WireProperty<PlanDocument.Memory>] = [
        .init("now_bytes", \.nowBytes, "All together, now."),
        .init(
            "peak_bytes", \.peakBytes,
            "At the most during the rollout, should the new ones use as much as those of now."),
    ]
}

extension PlanDocument.Difference: WireDocument {
    public static let summary = "A key whose value is another."
    public static let properties: [WireProperty<PlanDocument.Difference>] = [
        .optional("after", \.after, "Not there where the key is gone."),
        .optional("before", \.before, "Not there where the key was not."),
        .init("key", \.key, "As in the resolved file: environment.PORT, probes.readiness.period."),
    ]
}
