import StackModel
import Testing

@Suite struct NamesTests {
    @Test(arguments: ["a", "A9", "0", "a.b_c-d", String(repeating: "x", count: 63)])
    func serviceNames(text: String) {
        #expect(ServiceName(text)?.text == text)
        #expect(ServiceName(text)?.description == text)
    }

    @Test(arguments: ["", "-a", ".a", "_a", "a b", "a/b", "é", "a\n", String(repeating: "x", count: 64)])
    func noServiceNames(text: String) {
        #expect(ServiceName(text) == nil)
    }

    @Test func order() throws {
        let a = try #require(ServiceName("a"))
        let b = try #require(ServiceName("b"))
        #expect(a < b)
        #expect(ReplicaID(service: a, index: 9) < ReplicaID(service: b, index: 0))
        #expect(ReplicaID(service: a, index: 2) < ReplicaID(service: a, index: 10))
        #expect(InstanceID(serial: 2) < InstanceID(serial: 10))
        #expect(ReplicaID(service: a, index: 3).description == "a/3")
        #expect(InstanceID(serial: 7).description == "#7")
    }

    @Test func revisionsAreTheHashOfTheirContent() {
        // The reference values of FNV-1a with 64 bits.
        #expect(Revision(hashing: "").text == "cbf29ce484222325")
        #expect(Revision(hashing: "a").text == "af63dc4c8601ec8c")
        #expect(Revision(hashing: "foobar").text == "85944171f73967e8")
        #expect(Revision("x").description == "x")
    }
}
