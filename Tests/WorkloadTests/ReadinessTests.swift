import Synchronization
import Testing

@testable import WorkloadKit

@Suite struct ReadinessTests {
    private struct Down: Error, CustomStringConvertible {
        let description = "connection refused"
    }

    @Test func dependenciesThatFailAreNamedInTheirOrder() async {
        let readiness = Readiness(
            [Dependency("one") { throw Down() }, Dependency("two") {}, Dependency("three") { throw Down() }],
            timeout: .seconds(60))
        #expect(
            await readiness.failures() == [
                .init(dependency: "one", reason: "connection refused"),
                .init(dependency: "three", reason: "connection refused"),
            ])
    }

    @Test func aDependencyThatHangsIsNotWaitedForAndAskedOnce() async {
        let asked = Mutex(0)
        let (hang, release) = AsyncStream.makeStream(of: Void.self)
        let readiness = Readiness(
            [
                Dependency("slow") {
                    asked.withLock { $0 += 1 }
                    for await _ in hang { return }
                }
            ], timeout: .milliseconds(1))
        for _ in 0..<3 {
            let failures = await readiness.failures()
            #expect(failures == [.init(dependency: "slow", reason: "no answer within 0.001 seconds")])
        }
        #expect(asked.withLock { $0 } == 1)
        release.finish()
    }
}

@Suite struct SettingsTests {
    @Test func numbersAreCheckedAndDefaulted() throws {
        let settings = Settings(["A": "5", "B": "x", "C": "", "D": "11"])
        #expect(try settings.integer("A", default: 1, in: 0...10) == 5)
        #expect(try settings.integer("C", default: 1, in: 0...10) == 1)
        #expect(try settings.integer("E", default: 1, in: 0...10) == 1)
        #expect(throws: SettingError.self) { try settings.integer("B", default: 1, in: 0...10) }
        #expect(throws: SettingError.self) { try settings.integer("D", default: 1, in: 0...10) }
    }
}
