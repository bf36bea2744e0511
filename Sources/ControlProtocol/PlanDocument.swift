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

    public init(plan: String? = nil, environment: [String: String] = [:]) {
        self.plan = plan
        self.environment = environment
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        plan = try container.decodeIfPresent(String.self, forKey: .plan)
        environment = try container.decodeIfPresent([String: String].self, forKey: .environment) ?? [:]
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
            /// Its instances are stopped, then started from the new spec.
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

        public init(service: String, kind: Kind, differences: [Difference] = [], dependents: [String] = []) {
            self.service = service
            self.kind = kind
            self.differences = differences
            self.dependents = dependents
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
    /// The file's warnings, as `FILE:LINE:COLUMN: warning: …`.
    public var warnings: [String]
    /// The newest event before those of the apply: whoever follows the events after it misses nothing.
    public var event: UInt64

    public init(
        plan: String, changes: [Change], control: [Difference] = [], warnings: [String] = [], event: UInt64
    ) {
        self.plan = plan
        self.changes = changes
        self.control = control
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
            "control", \.control,
            "What is different about who may control the stack, and from where; it touches no service."),
        .init(
            "event", \.event,
            "The newest event before those of the apply: whoever follows the events after it misses nothing."),
        .init("plan", \.plan, "The hash of the plan, by which POST /v1/apply carries out exactly this one."),
        .init("warnings", \.warnings, "The file's warnings, as FILE:LINE:COLUMN: warning: …."),
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
            none: it is not touched; live: without a restart; restart: its instances are stopped, then started anew; \
            start: it is new in the files; stop: it is gone from them.
            """),
        .init("service", \.service, "The service."),
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
