import StackModel
import Testing

@testable import StackFile

@Suite struct TimeZonesTests {
    /// A zone an hour east of Greenwich, as zic(8) writes it.
    private static let zoneFile: [UInt8] = {
        func header(version: UInt8) -> [UInt8] {
            Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15 + 16) + [0, 0, 0, 1, 0, 0, 0, 4]
        }
        let data: [UInt8] = [0, 0, 0x0E, 0x10, 0, 0] + Array("CET\0".utf8)
        return header(version: 0x32) + data + header(version: 0x32) + data + Array("\nCET-1\n".utf8)
    }()

    private static let index =
        "# version 2026a\nR C 1916 o - Ap 30 23 1 S\nZ Europe/Zurich 0:34 - LMT\nL Europe/Zurich CH\n"

    private func result(
        _ schedule: String, files: [String: [UInt8]], links: [String: String] = [:], environment: [String: String] = [:]
    ) -> StackFile.LoadResult {
        let stack = "name: x\nservices: {job: {command: [a], schedule: \(schedule)}}\n"
        var fileSystem = MemoryFileSystem(["/stack.yaml": stack, "/usr/share/zoneinfo/tzdata.zi": Self.index])
        fileSystem.files.merge(files) { $1 }
        fileSystem.links = links
        return StackFile.load(files: ["/stack.yaml"], environment: environment, from: fileSystem, in: "/")
    }

    private func trigger(_ result: StackFile.LoadResult) -> String? {
        result.spec?.services.first?.schedule.map { "\($0.trigger)" }
    }

    @Test func aZoneIsReadByItsName() {
        let files = ["/usr/share/zoneinfo/Europe/Zurich": Self.zoneFile]
        let loaded = result("{cron: 0 3 * * *, time_zone: Europe/Zurich}", files: files)
        #expect(trigger(loaded) == "0 3 * * * Europe/Zurich")
        guard case .cron(_, let zone)? = loaded.spec?.services.first?.schedule?.trigger else {
            Issue.record("no cron expression")
            return
        }
        #expect(zone.offset(at: 0) == 3600)
        // It is no file of the stack.
        #expect(loaded.files == ["/stack.yaml"])
    }

    @Test func theDirectoryIsThatOfTheEnvironment() {
        let files = ["/zones/Here": Self.zoneFile]
        let loaded = result("{cron: 0 3 * * *, time_zone: Here}", files: files, environment: ["TZDIR": "/zones"])
        #expect(trigger(loaded) == "0 3 * * * Here")
    }

    @Test func withoutAZoneItIsTheHosts() {
        #expect(trigger(result("0 3 * * *", files: [:])) == "0 3 * * * UTC")
        let files = ["/etc/localtime": Self.zoneFile]
        #expect(trigger(result("0 3 * * *", files: files)) == "0 3 * * * localtime")
        #expect(trigger(result("{cron: 0 3 * * *, time_zone: localtime}", files: files)) == "0 3 * * * localtime")
        for target in ["/usr/share/zoneinfo/Europe/Zurich", "../usr/share/zoneinfo/Europe/Zurich"] {
            let loaded = result("0 3 * * *", files: files, links: ["/etc/localtime": target])
            #expect(trigger(loaded) == "0 3 * * * Europe/Zurich")
        }
        #expect(trigger(result("0 3 * * *", files: files, links: ["/etc/localtime": "/x"])) == "0 3 * * * localtime")
    }

    @Test(arguments: [
        ("Europe/Zürich", "there is no time zone `Europe/Zürich`; did you mean `Europe/Zurich`?"),
        ("Europe/Zuerich", "there is no time zone `Europe/Zuerich`; did you mean `Europe/Zurich`?"),
        ("Mars", "there is no time zone `Mars`; it is a name such as `Europe/Zurich`, or `UTC`"),
        (
            "../../etc/passwd",
            "there is no time zone `../../etc/passwd`; it is a name such as `Europe/Zurich`, or `UTC`"
        ),
        ("/etc/localtime", "there is no time zone `/etc/localtime`; it is a name such as `Europe/Zurich`, or `UTC`"),
        ("tzdata.zi", "there is no time zone `tzdata.zi`; it is a name such as `Europe/Zurich`, or `UTC`"),
        ("Broken", "the time zone `Broken` cannot be used: its file is no TZif file"),
    ])
    func faults(name: String, fault: String) {
        let loaded = result(
            "{cron: 0 3 * * *, time_zone: \"\(name)\"}", files: ["/usr/share/zoneinfo/Broken": Array("x".utf8)])
        #expect(
            loaded.diagnostics.map { $0.message + ($0.remedy.map { "; \($0)" } ?? "") } == [fault])
        #expect(loaded.diagnostics.first?.location?.line == 2)
    }

    @Test func withoutTheDatabaseTheRemedyIsToInstallIt() {
        let loaded = result(
            "{cron: 0 3 * * *, time_zone: Europe/Zurich}", files: [:], environment: ["TZDIR": "/nowhere"])
        #expect(
            loaded.diagnostics.map(\.message) == [
                "there is no time zone `Europe/Zurich`, as there are none in `/nowhere`"
            ])
        #expect(loaded.diagnostics.first?.remedy == "install the package tzdata, or use `UTC`")
        #expect(trigger(result("{cron: 0 3 * * *, time_zone: UTC}", files: [:], environment: ["TZDIR": "/x"])) != nil)
    }
}
