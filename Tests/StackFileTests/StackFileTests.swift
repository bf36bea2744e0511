import StackModel
import Testing

@testable import StackFile

@Suite struct StackFileTests {
    @Test func aFileThatIsNotThereIsAFaultWithoutMore() {
        let result = StackFile.load(files: ["/nowhere/stack.yaml"], environment: [:])
        #expect(result.spec == nil)
        #expect(result.resolved == nil)
        #expect(result.diagnostics.map(\.text) == ["error: there is no file `/nowhere/stack.yaml`"])
    }

    @Test func aThousandServices() throws {
        let lines = (0..<1000).map { index in
            """
              s\(index):
                command: [./serve, --port, "${port.http}"]
                environment: {A: "1", B: "${run_dir}"}
                ports: {http: auto}
                depends_on: [\((1...3).filter { $0 <= index }.map { "s\(index - $0)" }.joined(separator: ", "))]
                probes: {readiness: {http: {port: http, path: /ready}, period: 1s}}
            """
        }
        let spec = try #require(load("services:\n" + lines.joined(separator: "\n")).spec)
        #expect(spec.services.count == 1000)
        #expect(spec.services.reduce(0) { $0 + $1.dependencies.count } == 2994)
    }
}
