import StackModel
import Testing

@testable import DaemonKit

@Suite struct RouteRuleTests {
    private func lines(_ services: [String: [RouteSpec]]) throws -> [String] {
        let configuration = try #require(RouterConfiguration(of: try .example(services), account: nil))
        return RouteRule.inOrder(of: configuration.frontends[0].backends).map(\.line)
    }

    @Test func whatSaysNothingTakesAll() throws {
        #expect(try lines(["web": [.example()]]) == ["use_backend web:http"])
    }

    @Test func aPathIsForItselfAndWhatIsBelow() throws {
        let expected = "use_backend web:http if { path -m str -- '/api' } or { path -m beg -- '/api/' }"
        #expect(try lines(["web": [.example(paths: ["/api"])]]) == [expected])
        #expect(try lines(["web": [.example(paths: ["/api/"])]]) == [expected])
        #expect(try lines(["web": [.example(paths: ["/"])]]) == ["use_backend web:http"])
    }

    @Test func aHostIsComparedWithoutItsPort() throws {
        #expect(
            try lines(["web": [.example(hosts: ["example.org", "*.example.org"], paths: ["/a"])]]) == [
                "use_backend web:http if { req.hdr(host),host_only,lower -m str -- 'example.org' } "
                    + "{ path -m str -- '/a' } or { req.hdr(host),host_only,lower -m str -- 'example.org' } "
                    + "{ path -m beg -- '/a/' }",
                "use_backend web:http if { req.hdr(host),host_only,lower -m end -- '.example.org' } "
                    + "{ path -m str -- '/a' } or { req.hdr(host),host_only,lower -m end -- '.example.org' } "
                    + "{ path -m beg -- '/a/' }",
            ])
    }

    @Test func theOneThatSaysMoreComesFirst() throws {
        let lines = try lines([
            "all": [.example()], "deep": [.example(paths: ["/a/b"])], "host": [.example(hosts: ["x.org"])],
            "hostpath": [.example(hosts: ["x.org"], paths: ["/z"])], "path": [.example(paths: ["/a"])],
            "star": [.example(hosts: ["*.org"])], "stars": [.example(hosts: ["*.x.org"])],
        ])
        let backends = lines.map { String($0.split(separator: " ")[1].split(separator: ":")[0]) }
        #expect(backends == ["hostpath", "host", "stars", "star", "deep", "path", "all"])
    }

    @Test func aQuoteDoesNotEndThePattern() throws {
        let lines = try lines(["web": [.example(paths: ["/it's ${HOME} \"x\" \\"])]])
        #expect(lines[0].contains(#"'/it'\''s ${HOME} "x" \'"#))
    }
}
