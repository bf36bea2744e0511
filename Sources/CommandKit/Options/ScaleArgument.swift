import ArgumentParser

/// `web=3`
struct ScaleArgument: ExpressibleByArgument, Hashable {
    var service: String
    var replicas: Int

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex,
            let replicas = Int(argument[argument.index(after: equals)...]), replicas >= 0
        else { return nil }
        service = String(argument[..<equals])
        self.replicas = replicas
    }
}
