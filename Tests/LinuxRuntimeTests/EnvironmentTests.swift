import Testing

@testable import LinuxRuntime

@Suite struct EnvironmentTests {
    @Test func keepsTheOrderInWhichNamesWereSet() {
        var environment: Environment = ["A": "1", "AB": "2", "B": ""]
        environment["A"] = "3"
        environment["C"] = "x=y"
        #expect(environment.entries == ["A=3", "AB=2", "B=", "C=x=y"])
        #expect(environment["A"] == "3" && environment["B"] == "" && environment["C"] == "x=y")
        #expect(environment["D"] == nil && environment["C=x"] == nil)
        environment["AB"] = nil
        environment["D"] = nil
        #expect(environment.entries == ["A=3", "B=", "C=x=y"])
    }

    @Test func defaultsGiveWayToWhatIsSet() {
        var environment: Environment = ["A": ""]
        environment.setDefault("A", "default")
        environment.setDefault("B", "default")
        #expect(environment.entries == ["A=", "B=default"])
    }

    @Test func namesThatCannotBeAreNotSet() {
        var environment = Environment()
        environment[""] = "x"
        environment["A=B"] = "x"
        #expect(environment.entries.isEmpty)
    }
}
