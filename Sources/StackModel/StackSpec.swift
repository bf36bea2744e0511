/// A whole stack as its file describes it: every default filled in, every reference checked.
public struct StackSpec: Hashable, Sendable {
    public var name: String
    /// The directory that relative paths start from: that of the first file.
    public var directory: String
    /// In the order of their names, so that whatever walks them does so in the same order every time.
    public var services: [ServiceSpec]
    public var control: ControlSpec
    /// How often what every instance uses is sampled, to foresee when a limit will be reached; nil is never. What is
    /// scaled is sampled as its `autoscale` says.
    public var sampling: Duration?

    public static let standardSampling: Duration? = .seconds(60)

    public init(
        name: String, directory: String, services: [ServiceSpec], control: ControlSpec = ControlSpec(),
        sampling: Duration? = StackSpec.standardSampling
    ) {
        self.name = name
        self.directory = directory
        self.services = services.sorted { $0.name < $1.name }
        self.control = control
        self.sampling = sampling
    }

    /// The service of that name.
    public subscript(name: ServiceName) -> ServiceSpec? {
        services.first { $0.name == name }
    }
}
