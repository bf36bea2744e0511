import Glibc
import LinuxRuntime
import StackModel
import Testing

@testable import DaemonKit

@Suite struct RouterConfigurationTests {
    private func configuration(_ services: [String: [RouteSpec]]) throws -> RouterConfiguration {
        try #require(RouterConfiguration(of: try .example(services), account: nil))
    }

    @Test func withoutRoutesThereIsNone() throws {
        #expect(RouterConfiguration(of: try .example(["web": []]), account: nil) == nil)
    }

    @Test func routesOfOneAddressShareAFrontend() throws {
        let configuration = try configuration([
            "api": [.example(paths: ["/api"])], "web": [.example(), .example("raw", 8081, mode: .tcp)],
        ])
        #expect(configuration.frontends.map(\.name) == ["_127.0.0.1:8080", "_web:raw"])
        #expect(configuration.frontends.map(\.mode) == [.http, .tcp])
        #expect(configuration.backends.map(\.name.description) == ["api:http", "web:http", "web:raw"])
    }

    @Test(arguments: [
        ("127.0.0.1", "_127.0.0.1:80", "127.0.0.1_80"), ("*", "_any:80", "any_80"), ("::1", "_::1:80", "__1_80"),
        ("localhost", "_localhost:80", "localhost_80"),
    ])
    func namesAreSuchAsHAProxyAndSystemdTake(_ host: String, _ name: String, _ listener: String) {
        let frontend = RouterConfiguration.Frontend(address: .tcp(host: host, port: 80), backends: [])
        #expect(frontend.name == name)
        #expect(frontend.listenerName == listener)
    }

    @Test func theTextDependsOnNothingElse() throws {
        let routes: [String: [RouteSpec]] = ["a": [.example(paths: ["/a"])], "b": [.example(hosts: ["b"])]]
        #expect(try configuration(routes).text == configuration(routes).text)
        // Another port of the service is another configuration, though HAProxy is told by its runtime API.
        var other = routes
        other["a"]?[0].port = "metrics"
        #expect(try configuration(routes).text != configuration(other).text)
    }

    @Test func aClientMayWaitAsLongAsTheQueueSays() throws {
        let text = try configuration(["web": [.example(queueTimeout: .seconds(300))]]).text
        #expect(text.contains("timeout client 310000ms\n"))
        #expect(text.contains("http-request lua.stackd_wait web:http 300000 if"))
    }

    @Test func oldConnectionsAreCutAfterTheLongestDrain() throws {
        #expect(try configuration(["web": [.example(drain: .seconds(5))]]).hardStop == .seconds(30))
        let configuration = try configuration([
            "web": [.example(drain: .seconds(90)), .example("other", 8081, drain: .seconds(40))]
        ])
        #expect(configuration.text.contains("hard-stop-after 90000ms\n"))
        let spec = RouterService(configuration: configuration, program: "haproxy", file: "f", directory: "d").spec
        #expect(spec.stop.gracePeriod > .seconds(90))
    }

    /// Many sets of routes, each of which HAProxy itself has to accept.
    static let sets: [[String: [RouteSpec]]] = [
        ["web": [.example()]],
        ["web": [.example(mode: .tcp)]],
        ["web": [.example(queueTimeout: .zero)], "a.b_c-D": [.example("r_1", 8081, drain: .seconds(86_400 * 365))]],
        [
            "web": [.example(hosts: ["example.org", "*.example.org", "[::1]"], paths: ["/", "/a", "/a/b/"])],
            "api": [.example(paths: ["/api", "/it's ${HOME} \"x\" \\ #no"]), .example("raw", 8082, mode: .tcp)],
        ],
        Dictionary(uniqueKeysWithValues: (0..<200).map { ("s\($0)", [.example(paths: ["/p\($0)"])]) }),
    ]

    @Test(.enabled(if: RunningHAProxy.isInstalled), arguments: sets.indices)
    func hAProxyAcceptsIt(_ number: Int) throws {
        let configuration = try configuration(Self.sets[number])
        let directory = try TemporaryDirectory()
        var files = RouterFiles(directory: "\(directory.path)/haproxy")
        let file = try files.write(configuration)
        let check = try RunningHAProxy(
            configuration, file: file, directory: files.directory, instance: 1, arguments: ["-c"])
        let (status, output) = try check.waitForEnd()
        #expect(status == 0, "\(output)\n\(configuration.text)")
        #expect(!output.contains("WARNING"), "\(output)")
    }

    @Test func filesAreWrittenOnceAndForNobodyElse() throws {
        let directory = try TemporaryDirectory()
        var files = RouterFiles(directory: "\(directory.path)/haproxy")
        let configuration = try configuration(["web": [.example()]])
        let path = try files.write(configuration)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let inode = status.st_ino
        #expect(try files.write(configuration) == path)
        #expect(stat(path, &status) == 0)
        #expect(status.st_ino == inode)
        #expect(try files.write(self.configuration(["web": [.example(paths: ["/x"])]])) != path)
    }

    @Test func whatMayBeNeededAgainOutlivesManyPlans() throws {
        let directory = try TemporaryDirectory()
        var files = RouterFiles(directory: "\(directory.path)/haproxy")
        let running = try files.write(configuration(["web": [.example()]]))
        files.keep([running])
        let plans = try (0..<100).map { try files.write(configuration(["web": [.example(paths: ["/\($0)"])]])) }
        #expect(access(running, F_OK) == 0)
        #expect(access(plans[99], F_OK) == 0)
        #expect(plans.count { access($0, F_OK) == 0 } == 63)
    }

    @Test func onlyTheGroupThatHAProxyRunsAsMayEnterToo() throws {
        let directory = try TemporaryDirectory()
        let configuration = try configuration(["web": [.example()]])
        var files = RouterFiles(directory: "\(directory.path)/haproxy", group: getegid())
        // Once more, as a later daemon does.
        for _ in 0..<2 { _ = try files.write(configuration) }
        var status = stat()
        #expect(stat(files.directory, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o710)
        #expect(status.st_gid == getegid())
        var others = RouterFiles(directory: files.directory, group: nil)
        #expect(throws: SystemError.self) { try others.write(configuration) }
    }

    @Test func aDirectoryThatOthersCanEnterIsRefused() throws {
        let directory = try TemporaryDirectory()
        #expect(mkdir("\(directory.path)/haproxy", 0o755) == 0)
        #expect(chmod("\(directory.path)/haproxy", 0o755) == 0)
        var files = RouterFiles(directory: "\(directory.path)/haproxy")
        let configuration = try configuration(["web": [.example()]])
        #expect(throws: SystemError.self) { try files.write(configuration) }
    }
}
