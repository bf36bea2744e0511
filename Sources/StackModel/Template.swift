/// A text with holes that only the daemon can fill, each time it makes an instance: `${state_dir}/pg-${replica.index}`.
public struct Template: Hashable, Sendable {
    public enum Part: Hashable, Sendable {
        case text(String)
        /// `${state_dir}`: the stack's directory for what must outlive a boot.
        case stateDirectory
        /// `${run_dir}`: the stack's directory for sockets and the like, empty after a boot.
        case runDirectory
        /// `${service.name}`
        case serviceName
        /// `${replica.index}`
        case replicaIndex
        /// `${port.NAME}`: the replica's port of that name.
        case port(String)
        /// `${listen.NAME.fd}`: the number of the descriptor by which an instance has the listener of that name.
        case listenerDescriptor(String)
        /// `${secret.NAME}`: the path of the secret's file. Who reads the file puts it in, so no spec has one left.
        case secret(String)
    }

    public var parts: [Part]

    public init(parts: [Part]) {
        self.parts = parts
    }

    public init(_ text: String) {
        parts = text.isEmpty ? [] : [.text(text)]
    }

    /// What fills the holes for one replica.
    public struct Context: Sendable {
        public var stateDirectory: String
        public var runDirectory: String
        public var replica: ReplicaID
        public var ports: [String: UInt16]
        /// Descriptors of listeners, by their names.
        public var descriptors: [String: Int32]

        public init(
            stateDirectory: String, runDirectory: String, replica: ReplicaID, ports: [String: UInt16] = [:],
            descriptors: [String: Int32] = [:]
        ) {
            self.stateDirectory = stateDirectory
            self.runDirectory = runDirectory
            self.replica = replica
            self.ports = ports
            self.descriptors = descriptors
        }
    }

    /// The text with its holes filled; a port or listener that the replica does not have is written as it stands in
    /// the file (the stack file's checks refuse such a reference, so it does not reach an instance).
    public func filled(in context: Context) -> String {
        if parts.count == 1, case .text(let text) = parts[0] { return text }
        return parts.reduce(into: "") { result, part in
            switch part {
            case .text(let text): result += text
            case .stateDirectory: result += context.stateDirectory
            case .runDirectory: result += context.runDirectory
            case .serviceName: result += context.replica.service.text
            case .replicaIndex: result += String(context.replica.index)
            case .port(let name): result += context.ports[name].map { String($0) } ?? "${port.\(name)}"
            case .listenerDescriptor(let name):
                result += context.descriptors[name].map { String($0) } ?? "${listen.\(name).fd}"
            case .secret(let name): result += "${secret.\(name)}"
            }
        }
    }

    /// The names of the ports that it refers to.
    public var portNames: [String] {
        parts.compactMap { part in
            guard case .port(let name) = part else { return nil }
            return name
        }
    }
}

extension Template: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) {
        self.init(value)
    }
}

extension Template: CustomStringConvertible {
    /// As the stack file writes it, with `$` doubled where it stands for itself.
    public var description: String {
        parts.reduce(into: "") { result, part in
            switch part {
            case .text(let text):
                result += text.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$")
            case .stateDirectory: result += "${state_dir}"
            case .runDirectory: result += "${run_dir}"
            case .serviceName: result += "${service.name}"
            case .replicaIndex: result += "${replica.index}"
            case .port(let name): result += "${port.\(name)}"
            case .listenerDescriptor(let name): result += "${listen.\(name).fd}"
            case .secret(let name): result += "${secret.\(name)}"
            }
        }
    }
}
