import StackModel

/// What reading a file has come upon so far: its faults, and what can only be judged when all of it is read.
struct Report {
    var diagnostics: DiagnosticList
    /// The references of the service that is being read; they are noted on the way, so that none is missed.
    private var references: [Reference] = []
    private var zones: TimeZones
    /// The secrets of the stack, which are read before what refers to them.
    var secrets = SecretFiles()
    /// What is being read is for the instances alone, which inherit the service's sockets.
    var isOfInstances = false

    /// A name that must lead to something of the same service.
    struct Reference {
        enum Kind {
            /// `${port.NAME}`, filled from the service's `ports`.
            case portTemplate
            /// The port of a probe: one of the service's `ports` or TCP listeners.
            case probePort
            /// `${listen.NAME.fd}`, filled from the service's `listen`.
            case listenerTemplate
            /// `${secret.NAME}`, filled from the service's `secrets`.
            case secretTemplate
            /// The port of a metric: one of the service's `ports`.
            case port
            /// That of a metric which names none: the only one of the service.
            case onlyPort
            /// The route of a metric: one of the service's.
            case route
            /// That of a metric which names none: the only one of the service.
            case onlyRoute
        }

        var kind: Kind
        var name: String
        var location: SourceLocation
    }

    init(_ diagnostics: DiagnosticList, zones: TimeZones) {
        self.diagnostics = diagnostics
        self.zones = zones
    }

    /// The time zone of a name, or the host's where there is none; nil, and a fault, where it cannot be had.
    mutating func zone(named name: String? = nil, at location: SourceLocation) -> ZoneRules? {
        do throws(TimeZones.Fault) {
            return try zones.zone(named: name ?? TimeZones.hostName)
        } catch {
            self.error(at: location, error.message, remedy: error.remedy)
            return nil
        }
    }

    mutating func error(at location: SourceLocation?, _ message: String, remedy: String? = nil) {
        diagnostics.error(at: location, message, remedy: remedy)
    }

    mutating func warning(at location: SourceLocation?, _ message: String, remedy: String? = nil) {
        diagnostics.warning(at: location, message, remedy: remedy)
    }

    mutating func note(_ kind: Reference.Kind, _ name: String, at location: SourceLocation) {
        references.append(Reference(kind: kind, name: name, location: location))
    }

    /// The references noted since the last call.
    mutating func takeReferences() -> [Reference] {
        defer { references = [] }
        return references
    }
}

/// A value with the place where the file gives it.
struct Located<Value: Sendable>: Sendable {
    var value: Value
    var location: SourceLocation

    init(_ value: Value, at location: SourceLocation) {
        self.value = value
        self.location = location
    }
}
