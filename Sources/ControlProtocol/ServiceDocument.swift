/// One entry of `GET /v1/services`, and `GET /v1/services/{name}`.
public struct ServiceDocument: Hashable, Codable, Sendable {
    /// What is wanted of a service, as opposed to what is.
    public enum Desired: String, Hashable, Codable, Sendable, CaseIterable {
        case running, stopped
    }

    /// What must hold before the service starts.
    public struct Dependency: Hashable, Codable, Sendable {
        public var service: String
        /// As the stack file names it: `service_started`, `service_healthy`, `service_completed_successfully`.
        public var condition: String

        public init(service: String, condition: String) {
            self.service = service
            self.condition = condition
        }
    }

    public var name: String
    public var desired: Desired
    /// It is as desired: every replica ready or completed, or, where it should be stopped, nothing of it running.
    public var ready: Bool
    public var revision: String
    public var dependencies: [Dependency]
    /// How many replicas there should be.
    public var scale: Int
    /// Who says so.
    public var scaling: ScalingDocument
    /// By their indices, which may have gaps; one that is replaced while it serves is followed by the one that comes,
    /// whose `revision` and `instance` are other ones.
    public var replicas: [ReplicaDocument]
    /// Of a service that runs when its schedule says so.
    public var schedule: ScheduleDocument?
    /// The one under way, or that has failed and stands still.
    public var rollout: RolloutDocument?
    /// Its revisions, the newest first; the one that counts is the first.
    public var history: [RevisionDocument]

    public init(
        name: String, desired: Desired, ready: Bool, revision: String, dependencies: [Dependency],
        scale: Int, scaling: ScalingDocument = ScalingDocument(rule: .file), replicas: [ReplicaDocument],
        schedule: ScheduleDocument? = nil, rollout: RolloutDocument? = nil, history: [RevisionDocument] = []
    ) {
        self.name = name
        self.desired = desired
        self.ready = ready
        self.revision = revision
        self.dependencies = dependencies
        self.scale = scale
        self.scaling = scaling
        self.replicas = replicas
        self.schedule = schedule
        self.rollout = rollout
        self.history = history
    }

    enum CodingKeys: String, CodingKey {
        case name, desired, ready, revision, scale, scaling, replicas, schedule, rollout, history
        case dependencies = "depends_on"
    }
}

extension ServiceDocument.Desired: JSONValue {}

extension ServiceDocument: WireDocument {
    public static let summary = "One service: what is wanted of it, and what is."
    public static let properties: [WireProperty<ServiceDocument>] = [
        .init("depends_on", \.dependencies, "What must hold before it starts."),
        .init("desired", \.desired, "What is wanted of it."),
        .init("history", \.history, "Its revisions, the newest first; the one that counts is the first."),
        .init("name", \.name, "The name of the service."),
        .init(
            "ready", \.ready,
            "It is as desired: every replica ready or completed, or nothing of it running where it should be stopped."),
        .init(
            "replicas", \.replicas,
            """
            In the order of their indices, which may have gaps; one that is replaced while it serves is followed by \
            the one that comes.
            """),
        .init("revision", \.revision, "The hash of its resolved definition and its executable."),
        .optional("rollout", \.rollout, "The one under way, or that has failed and stands still."),
        .init("scale", \.scale, "How many replicas there should be."),
        .init("scaling", \.scaling, "Who says so, and why."),
        .optional("schedule", \.schedule, "Of a service that runs when its schedule says so."),
    ]
}

extension ServiceDocument.Dependency: WireDocument {
    public static let summary = "What must hold before a service starts."
    public static let properties: [WireProperty<ServiceDocument.Dependency>] = [
        .init(
            "condition", \.condition,
            "As the stack file names it: service_started, service_healthy, service_completed_successfully."),
        .init("service", \.service, "The service that it waits for."),
    ]
}
