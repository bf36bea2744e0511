import Testing

@testable import LinuxRuntime

@Suite struct AccountsTests {
    @Test func findsAccounts() throws {
        let root = try Accounts.credentials(user: "root")
        #expect(root.uid == 0 && root.home != nil)
        #expect(try Accounts.credentials(user: "0").userName == "root")
        #expect(try Accounts.credentials(user: "4242").uid == 4242)
        #expect(try Accounts.credentials(user: "root", group: "root").groups == [0])
        let unknown = #expect(throws: SpawnError.self) { try Accounts.credentials(user: "no-such-user") }
        #expect(unknown?.description == "user no-such-user: there is no such user")
        let group = #expect(throws: SpawnError.self) { try Accounts.credentials(user: "root", group: "no-such") }
        #expect(group?.stage == .group)
    }
}
