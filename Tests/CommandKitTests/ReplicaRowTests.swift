import ControlProtocol
import Testing

@testable import CommandKit

struct ReplicaRowTests {
    private let old = ReplicaDocument.sample("web", 0, .running, ready: true, pid: 3, instance: 4)
    private let ending = ReplicaDocument.sample("web", 0, .stopping, pid: 3, instance: 4)
    private let coming = ReplicaDocument.sample("web", 0, .waiting)
    private let new = ReplicaDocument.sample("web", 0, .running, ready: true, pid: 5, instance: 5)
    private let other = ReplicaDocument.sample("web", 1, .running, ready: true, pid: 6, instance: 6)

    private func rows(_ replicas: ReplicaDocument...) -> [String] {
        var service = ServiceDocument.sample("web")
        service.replicas = replicas
        return service.rows.map { "\($0.name) \($0.replica.state)" }
    }

    @Test func oneOfANameIsCalledByIt() {
        #expect(rows(old, other) == ["web/0 running", "web/1 running"])
    }

    @Test func theOneThatComesStandsBehindTheOneThatGoes() {
        #expect(rows(old, coming, other) == ["web/0 (old) running", "web/0 (new) waiting", "web/1 running"])
        #expect(rows(ending, new, other) == ["web/0 (old) stopping", "web/0 (new) running", "web/1 running"])
        #expect(rows(new, ending, other) == ["web/0 (old) stopping", "web/0 (new) running", "web/1 running"])
    }
}
