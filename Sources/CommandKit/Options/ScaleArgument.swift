import ArgumentParser
import ControlProtocol

/// `web=3`
struct ScaleArgument: Hashable {
    var service: String
    var replicas: Int

    init(_ text: String) throws {
        guard let equals = text.lastIndex(of: "="), equals != text.startIndex else {
            throw ValidationError("\"\(text)\" does not say how many; write \"\(text)=2\"")
        }
        let number = text[text.index(after: equals)...]
        guard let replicas = Int(number), (0...ScaleRequest.countLimit).contains(replicas) else {
            throw ValidationError("\"\(number)\" is no number of replicas; write 0 to \(ScaleRequest.countLimit)")
        }
        service = String(text[..<equals])
        self.replicas = replicas
    }

    static let help = ArgumentHelp("A service and how many replicas of it are to run.", valueName: "service=number")
}

extension [ScaleArgument] {
    /// - Parameters:
    ///   - services: that there are.
    ///   - scheduled: those of them that run by a schedule.
    /// - Throws: `CommandFailure` where one of them cannot be done.
    func check(among services: [String], scheduled: [String]) throws(CommandFailure) {
        try checkServices(map(\.service), among: services)
        for (number, target) in enumerated() {
            if self[..<number].contains(where: { $0.service == target.service }) {
                throw CommandFailure(.usage, "\(target.service) is named twice")
            }
            if scheduled.contains(target.service) {
                throw CommandFailure(
                    .failed, "\(target.service) runs when its schedule says so, and is not scaled",
                    advice: "\"replicas\" in the file says how many a run has")
            }
        }
    }
}
