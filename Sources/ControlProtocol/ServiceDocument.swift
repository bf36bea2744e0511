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
    public var replicas: [ReplicaDocument]

    public init(
        name: String, desired: Desired, ready: Bool, revision: String, dependencies: [Dependency],
        replicas: [ReplicaDocument]
    ) {
        self.name = name
        self.desired = desired
        self.ready = ready
        self.revision = revision
        self.dependencies = dependencies
        self.replicas = replicas
    }

    enum CodingKeys: String, CodingKey {
        case name, desired, ready, revision, replicas
        case dependencies = "depends_on"
    }
}
