import StackModel

extension StackDraft {
    /// The stack with every default filled in and every reference checked; what is wrong with it is in the report.
    func resolved(name: String, directory: String, report: inout Report) -> StackSpec {
        var services: [ResolvingService] = []
        for entry in self.services?.value ?? [] {
            guard let name = ServiceName(entry.name.value) else { continue }
            let spec = entry.value.spec(
                named: name, at: entry.name.location, directory: directory, report: &report)
            services.append(ResolvingService(entry: entry.value, location: entry.name.location, spec: spec))
        }
        services.sort { $0.spec.name < $1.spec.name }
        EndpointChecks.check(services, report: &report)
        DependencyResolver.resolve(&services, report: &report)
        for index in services.indices {
            services[index].spec.definition = services[index].spec.definitionHash
        }
        return StackSpec(
            name: name, directory: directory, services: services.map(\.spec),
            control: control?.value.resolved(in: directory) ?? ControlSpec(),
            sampling: sampling.map(\.value.duration) ?? StackSpec.standardSampling)
    }
}

/// A service on its way from the file to the spec.
struct ResolvingService {
    let entry: ServiceEntry
    /// Where its name stands.
    let location: SourceLocation
    var spec: ServiceSpec
}
