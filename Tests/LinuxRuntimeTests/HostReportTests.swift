import Testing

@testable import LinuxRuntime

@Suite struct HostReportTests {
    @Test func looksAtEverythingAndAdvisesWhereItIsNotGood() {
        let report = HostReport.make()
        let names = report.facts.map(\.name)
        #expect(
            names == [
                "kernel", "pidfd", "cgroup", "cgroup.kill", "controllers", "pressure", "nofile", "somaxconn", "haproxy",
                "systemd",
            ])
        for fact in report.facts {
            #expect(!fact.finding.isEmpty)
            if fact.verdict == .bad { #expect(fact.advice != nil) }
        }
        // The tests themselves could not run without these two.
        #expect(report.facts.prefix(2).allSatisfy { $0.verdict == .good })
    }
}
