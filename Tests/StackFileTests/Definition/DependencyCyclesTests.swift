import StackModel
import Testing

@testable import StackFile

@Suite struct DependencyCyclesTests {
    @Test func aServiceCannotWaitForItself() {
        #expect(
            faults("services: {a: {command: [x], depends_on: [a]}}") == [
                "1:43: error: the dependencies go round: a → a; a service cannot wait for itself"
            ])
    }

    @Test func aRingIsToldOnceWithAllItsPlaces() {
        #expect(
            faults(
                """
                services:
                  c: {command: [x], depends_on: [a]}
                  b: {command: [x], depends_on: [c]}
                  a: {command: [x], depends_on: [b]}
                  outside: {command: [x], depends_on: [a, b, c]}
                """) == [
                    "4:34: error: the dependencies go round: a → b → c → a; take one of them out, at 4:34, 3:34, 2:34"
                ])
    }

    @Test func severalRingsAreAllTold() {
        let found = faults(
            """
            services:
              a: {command: [x], depends_on: [b]}
              b: {command: [x], depends_on: [a]}
              c: {command: [x], depends_on: [d]}
              d: {command: [x], depends_on: [c]}
            """)
        #expect(found.count == 2)
        #expect(found.first?.contains("a → b → a") == true)
        #expect(found.last?.contains("c → d → c") == true)
    }

    @Test func aDiamondIsNoRing() throws {
        let all = try services(
            """
            services:
              a: {command: [x], depends_on: [b, c]}
              b: {command: [x], depends_on: [d]}
              c: {command: [x], depends_on: [d]}
              d: {command: [x]}
            """)
        #expect(all.count == 4)
    }

    @Test func aLongChainIsWalkedWithoutRecursion() {
        let count = 3000
        var lines = (0..<count).map { "  s\($0): {command: [x], depends_on: [s\($0 + 1)]}" }
        lines.append("  s\(count): {command: [x], depends_on: [s0]}")
        let found = faults("services:\n" + lines.joined(separator: "\n"))
        #expect(found.count == 1)
        #expect(found.first?.contains("go round: s0 → s1 → s2 → s3 → s4 → s5 → s6 → s7 → s8 → s9 → … → s0;") == true)
    }
}
