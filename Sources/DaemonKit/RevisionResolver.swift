import LinuxRuntime
import StackModel

/// Makes the revisions of a stack's services tell more than their specs: the programs that they execute and the secrets
/// that they read, by content. It waits for disks, so it belongs on no loop's thread.
struct RevisionResolver: Sendable {
    let launcher: Launcher
    let digests: FileDigests
    let secrets: KeyedHash

    func resolved(_ stack: StackSpec) -> StackSpec {
        var stack = stack
        for index in stack.services.indices { resolve(&stack.services[index]) }
        return stack
    }

    /// The programs as they are now; a service has none here whose program cannot be found or read.
    func executables(of services: [ServiceSpec]) -> [ServiceName: ExecutableFile] {
        services.reduce(into: [:]) { $0[$1.name] = executable(of: $1) }
    }

    private func resolve(_ spec: inout ServiceSpec) {
        spec.executable = executable(of: spec)
        for index in spec.secrets.indices {
            spec.secrets[index].digest = try? secrets.text(ofFile: spec.secrets[index].path)
        }
    }

    /// What a spawn would execute; for all replicas what it would for the first.
    private func executable(of spec: ServiceSpec) -> ExecutableFile? {
        let replica = ReplicaID(service: spec.name, index: 0)
        let context = launcher.context(for: replica, of: spec, ports: [:])
        guard let path = launcher.command(of: spec.process, in: context).program,
            let digest = try? digests.digest(of: path)
        else { return nil }
        return ExecutableFile(path: path, digest: digest.description)
    }
}
