import ControlProtocol
@testable import ControlServer
import Glibc
import HTTPTypes
import NIOEmbedded
import StackModel
import Testing

/// Who may do what on the control socket.
@Suite struct AccessTests {
    private func policy(_ grants: ControlSpec.Grant...) -> AccessPolicy {
        AccessPolicy(ControlSpec(grants: grants), owners: [0, 900])
    }

    private func peer(_ user: UInt32, group: UInt32 = 1_000, groups: [UInt32] = []) -> Peer {
        Peer(pid: 1, user: user, group: group, groups: groups)
    }

    // MARK: Policy

    @Test func withoutGrantsOnlyTheOwnersGetIn() {
        #expect(policy().role(of: peer(0)) == .admin)
        #expect(policy().role(of: peer(900)) == .admin)
        #expect(policy().role(of: peer(901, group: 0, groups: [0, 900])) == nil)
        #expect(!policy().isShared)
    }

    @Test func grantsAreToUsersAndToAnyOfTheirGroups() {
        let policy = policy(
            .init(role: .read, users: ["1001"], groups: ["2001"]), .init(role: .operate, groups: ["2002"]))
        #expect(policy.isShared)
        #expect(policy.role(of: peer(1_001)) == .read)
        #expect(policy.role(of: peer(1_002)) == nil)
        #expect(policy.role(of: peer(1_002, group: 2_001)) == .read)
        #expect(policy.role(of: peer(1_002, groups: [5, 2_002])) == .operate)
    }

    @Test func theHighestRoleCounts() {
        let policy = policy(
            .init(role: .admin, groups: ["2002"]), .init(role: .read, users: ["1001", "0"], groups: ["2001"]))
        #expect(policy.role(of: peer(1_001, group: 2_001, groups: [2_002])) == .admin)
        #expect(policy.role(of: peer(1_001, group: 2_001)) == .read)
        #expect(policy.role(of: peer(0)) == .admin, "a grant takes nothing away")
    }

    @Test func namesAreLookedUpAndUnknownOnesAreToldOf() {
        let policy = policy(
            .init(role: .read, users: ["daemon", "no-such-user"], groups: ["daemon", "no-such-group"]))
        #expect(policy.role(of: peer(1)) == .read)
        #expect(policy.role(of: peer(1_001, group: 1)) == .read)
        #expect(
            policy.warnings == [
                "control: the user \"no-such-user\" does not exist, and gets no access",
                "control: the group \"no-such-group\" does not exist, and gets no access",
            ])
    }

    // MARK: Over a real socket

    /// This process is no owner and has the role by its user or by its group: it may use what the role allows, and
    /// nothing else.
    @Test(arguments: ControlRole.allCases, [true, false])
    func everyRouteTakesItsRole(role: ControlRole, byUser: Bool) async throws {
        let grant =
            byUser
            ? ControlSpec.Grant(role: role, users: ["\(geteuid())"])
            : ControlSpec.Grant(role: role, groups: ["\(getegid())"])
        // The last of all ends the fake daemon.
        let routes = RouteTable.all.routes.sorted { $1.template == "/v1/shutdown" && $0.template != $1.template }
        try await withServer(control: ControlSpec(grants: [grant]), owners: []) { path, _ in
            for route in routes {
                guard route.role <= role else {
                    let answer = try exchange(path, route.method.rawValue, route.target)
                    #expect(answer.status == 403)
                    #expect(answer.contains("has the role \(role.rawValue), and this takes \(route.role.rawValue)"))
                    continue
                }
                // Only to the end of the head: what is followed has no other.
                let connection = try RawConnection(path)
                connection.send(
                    "\(route.method.rawValue) \(route.target) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                let status = try connection.receive(until: "\r\n\r\n").status
                #expect(status != nil && status != 403 && status != 401, "\(route.template)")
            }
        }
    }

    @Test func grantsChangeUnderOpenConnections() async throws {
        try await withServer(owners: []) { path, server in
            #expect(try exchange(path, "GET", "/v1/stack").status == 403)
            await server.update(ControlSpec(grants: [.init(role: .read, users: ["\(geteuid())"])]))
            let connection = try RawConnection(path)
            let request = "GET /v1/stack HTTP/1.1\r\nHost: x\r\n\r\n"
            connection.send(request)
            #expect(try connection.receive(until: "}\n").status == 200)
            await server.update(ControlSpec())
            connection.send(request)
            #expect(try connection.receiveAll().status == 403)
        }
    }

    @Test func theSocketIsOpenToOthersWhileThereAreGrants() async throws {
        func modes(_ path: String) -> [mode_t] {
            [path, String(path.dropLast("/control.sock".count))].map { path in
                var status = stat()
                return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
            }
        }
        try await withServer { path, server in
            #expect(modes(path) == [0o600, 0o700])
            await server.update(ControlSpec(grants: [.init(role: .read, users: ["1"])]))
            #expect(modes(path) == [0o666, 0o711])
            await server.update(ControlSpec())
            #expect(modes(path) == [0o600, 0o700])
        }
    }

    /// However many connections others have, there is room for who may do more, and for the next user.
    @Test func nobodyCanKeepOthersOut() {
        var limits = Limits()
        limits.connections = 8
        limits.userShare = 0.25
        let admission = Admission(limits)
        // Admission knows a channel by its identity.
        var channels: [EmbeddedChannel] = []
        func enter(_ client: Client, _ role: ControlRole?) -> Admission.Verdict {
            let channel = EmbeddedChannel()
            channels.append(channel)
            return admission.enter(channel, of: Holder(client, role))
        }
        let stranger = Client.process(peer(1_001))
        #expect((0..<5).map { _ in enter(stranger, nil) } == [.served, .served, .tooMany, .tooMany, .drop])
        #expect(enter(.process(peer(1_002)), nil) == .served)
        for _ in 0..<40 { _ = enter(.network, nil) }
        #expect(enter(.network, nil) == .drop)
        #expect(enter(.process(peer(1_003)), .read) == .served)
        #expect(enter(.process(peer(1_003)), .operate) == .served)
        #expect(enter(.process(peer(1_003)), .read) == .tooMany)
        #expect(enter(.process(peer(1_004)), .operate) == .served)
        #expect((0..<9).map { _ in enter(.process(peer(0)), .admin) }.filter { $0 == .served }.count == 8)
    }

    /// Who is no longer allowed what it follows, or has run, is cut off.
    @Test(arguments: [
        ("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n", ControlRole.read, Optional<ControlRole>.none),
        ("GET /v1/logs?follow=true HTTP/1.1\r\nHost: x\r\n\r\n", .read, .none),
        ("POST /v1/watch HTTP/1.1\r\nHost: x\r\n\r\n", .operate, .read),
        (
            "POST /v1/services/db/exec HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\n{\"command\":[\"sh\"]}", .admin,
            .operate
        ),
    ])
    func streamsEndWithTheRightToThem(request: String, role: ControlRole, after: ControlRole?) async throws {
        func control(_ role: ControlRole?) -> ControlSpec {
            ControlSpec(grants: role.map { [.init(role: $0, users: ["\(geteuid())"])] } ?? [])
        }
        try await withServer(control: control(role), owners: []) { path, server in
            let connection = try RawConnection(path)
            connection.send(request)
            #expect(try connection.receive(until: "\r\n\r\n").status == 200)
            await server.update(control(role))
            connection.setPatience(milliseconds: 50)
            #expect(throws: TestFailure.self, "it goes on") {
                while try !connection.receive().isEmpty {}
            }
            connection.setPatience(milliseconds: 20_000)
            await server.update(control(after))
            _ = try connection.receiveAll()
        }
    }

    /// The values of a file's variables can be a command, or a user.
    @Test func onlyAnAdministratorFillsInVariables() async throws {
        for (role, status) in [(ControlRole.operate, 403), (.admin, 202)] {
            let controller = FakeController()
            let grant = ControlSpec.Grant(role: role, users: ["\(geteuid())"])
            let control = ControlSpec(grants: [grant])
            try await withServer(controller, control: control, owners: []) { path, _ async throws in
                #expect(try exchange(path, "POST", "/v1/apply", body: "{}").status == 202)
                let answer = try exchange(path, "POST", "/v1/apply", body: #"{"environment":{"RUNNER":"sh"}}"#)
                #expect(answer.status == status)
                #expect(!answer.contains("RUNNER"))
            }
            #expect(await controller.applied.count == (role == .admin ? 2 : 1))
        }
    }
}
