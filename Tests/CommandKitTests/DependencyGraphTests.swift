import ControlProtocol
import StackModel
import Testing

@testable import CommandKit

struct DependencyGraphTests {
    private let graph = DependencyGraph([
        .sample("web", after: ["api"], .sample("web", 0, .waiting)),
        .sample("api", after: ["db"], .sample("api", 0, .starting)),
        .sample("db", .sample("db", 0, .running, ready: true)),
        .sample("cron", .sample("cron", 0, .running, ready: true)),
    ])

    @Test func servicesStandByTheirStage() {
        #expect(graph.services.map(\.name) == ["cron", "db", "api", "web"])
        #expect(graph.services.map(\.stage) == [1, 1, 2, 3])
        #expect(
            graph.table.lines(width: nil, palette: Palette(isColoured: false)) == [
                "STAGE  SERVICE  STATE     WAITS FOR",
                "1      cron     ready",
                "1      db       ready",
                "2      api      starting  db (healthy)",
                "3      web      waiting   api (healthy)",
            ])
    }

    @Test func forGraphviz() {
        let lines = graph.dot.split(separator: "\n")
        #expect(lines.first == "digraph stack {")
        #expect(lines.last == "}")
        #expect(lines.contains("  \"db\" [label=\"db\\nready\"];"))
        #expect(lines.contains("  \"web\" -> \"api\" [label=\"healthy\"];"))
    }

    @Test func forMermaid() {
        let lines = graph.mermaid.split(separator: "\n")
        #expect(lines.first == "flowchart LR")
        #expect(lines.contains("  s1[\"db<br/>ready\"]"))
        #expect(lines.contains("  s3 -- healthy --> s2"))
    }

    @Test func aFileAlsoTellsWhereRequestsAreTaken() throws {
        let service = ServiceSpec(
            name: try #require(ServiceName("web")), process: ProcessSpec(command: []),
            routes: [
                RouteSpec(name: "all", listen: .tcp(host: "::", port: 80), port: "http"),
                RouteSpec(
                    name: "api", listen: .tcp(host: "127.0.0.1", port: 8080), port: "http", hosts: ["a.org", "b.org"],
                    paths: ["/v1"]),
            ])
        let graph = DependencyGraph(StackSpec(name: "shop", directory: "/", services: [service]))
        #expect(
            graph.table.lines(width: nil, palette: Palette(isColoured: false)) == [
                "STAGE  SERVICE  WAITS FOR  ROUTES",
                "1      web                 [::]:80, 127.0.0.1:8080 (a.org/v1 b.org/v1)",
            ])
        #expect(graph.dot.contains("  \"[::]:80\" -> \"web\" [label=\"all\"];"))
        #expect(graph.mermaid.contains("  r0([\"127.0.0.1:8080\"])\n  r0 -- \"api: a.org/v1 b.org/v1\" --> s0"))
    }

    @Test func asJSONItIsAnArray() throws {
        let text = try JSONText.line(graph)
        #expect(text.hasPrefix("[{\"depends_on\":[],\"name\":\"cron\",\"stage\":1,\"state\":\"ready\"}"))
    }
}
