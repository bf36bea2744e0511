import ControlProtocol
import StackFile
import StackModel
import SupervisorCore
import Testing

@testable import CommandKit

struct TraceTests {
    private static let service = ServiceSpec.scaled(
        by: LoadMetric(name: "cpu", source: .cpu, target: .utilization(percent: 70)),
        LoadMetric(name: "accept_queue", source: .acceptQueue, target: .average(16_000)),
        LoadMetric(name: "memory", source: .memory, target: .average(1 << 20)),
        resources: ResourceSpec(cpus: Millicores(2_000)))

    private func trace(_ text: String) throws -> LoadTrace {
        try LoadTrace(TraceText(file: "t", bytes: Array(text.utf8)), for: Self.service)
    }

    /// Every fault, as it is told, without the source line.
    private func faults(_ text: String) -> [String] {
        do {
            _ = try trace(text)
            return []
        } catch let faults as TraceFaults {
            return faults.diagnostics.map { String($0.text.split(separator: "\n")[0]) }
        } catch {
            return ["\(error)"]
        }
    }

    @Test func csvHasAValueForEachColumn() throws {
        let trace = try trace("time,cpu,accept_queue,memory,load\n0,50,1.5,1K,10\n1m, 75% ,,\"5.5e3\",\n\n")
        #expect(trace.rows.map(\.time) == [.zero, .seconds(60)])
        // Of two processors.
        #expect(trace.rows.map(\.readings) == [[1_000, 1_500, 1_024], [1_500, nil, 5_500]])
        #expect(trace.rows.map(\.load) == [10, nil])
        #expect(trace.columns == [.time, .load, .metric("cpu"), .metric("accept_queue"), .metric("memory")])
    }

    @Test func linesMayEndAsElsewhereAndBeginWithAMark() throws {
        let trace = try trace("\u{FEFF}time,cpu\r\n0,50\r\n5,\"60\"\r\n")
        #expect(trace.rows.map(\.readings) == [[1_000, nil, nil], [1_200, nil, nil]])
    }

    @Test(arguments: [
        #"[{"time": 0, "cpu": 50}, {"time": "1m", "cpu": null, "ready": 1}]"#,
        #"{"time": 0, "cpu": 50}"# + "\n" + #"{"cpu": NaN, "time": 60, "ready": 1}"#,
        #"[{"time": "2026-11-23T09:00:00Z", "c\u0070u": "50%"}, {"time": "2026-11-23T10:01:00+01:00", "ready": "1"}]"#,
    ])
    func jsonHasTheSame(text: String) throws {
        let trace = try trace(text)
        #expect(trace.rows.map(\.time) == [.zero, .seconds(60)])
        #expect(trace.rows.map { $0.readings[0] } == [1_000, nil])
        #expect(trace.rows.map(\.ready) == [nil, 1])
    }

    @Test func whatTheHostHasIsInItsUnits() throws {
        let row = try trace("time,pressure_cpu,pressure_memory,pressure_io,memory_available\n0,12.5,3%,0,2G\n").rows[0]
        #expect(row.host.cpuPressure == 125 && row.host.memoryPressure == 30 && row.host.ioPressure == 0)
        #expect(row.host.availableMemory == ByteCount(2 << 30))
    }

    @Test func timesAreWrittenAsInTheTrace() throws {
        #expect(try trace("time,cpu\n100,50\n190,5\n").text(of: .seconds(90)) == "1m30s")
        #expect(
            try trace("time,cpu\n2026-11-23T09:00:00Z,50\n").text(of: .seconds(90)) == "2026-11-23T09:01:30Z")
    }

    @Test(arguments: [
        ("", ["t:1:1: error: the trace is empty; it begins with a line of column names"]),
        ("time,cpu\n", ["t:2:1: error: the trace has no row"]),
        ("time;cpu\n0;5\n", [#"t:1:1: error: the columns are not separated by commas; write "time,load""#]),
        ("time,,cpu\n0,5,5\n", ["t:1:6: error: a column has no name"]),
        (
            "time,cpu\n0,5\n5,5,5\n",
            [
                "t:3:5: error: the line has 3 values and the header 2 columns; what has no value is empty between its commas"
            ]
        ),
        ("time,cpu\n0,\"5\n", ["t:2:3: error: the quotation mark has no partner"]),
        (
            "time,cpu\n0,\"5\"x\n",
            [
                "t:2:6: error: something follows a value in quotation marks; a quotation mark within a value is written twice"
            ]
        ),
        (
            "time,acept_queue\n0,5\n1,5\n",
            [
                #"t:1:6: error: a trace of this service has no column "acept_queue"; did you mean "accept_queue"?"#
            ]
        ),
        ("time,cpu,cpu\n0,5,5\n", [#"t:1:10: error: "cpu" is there twice"#]),
        (
            "time,cpu\nsoon,5\n1,many\n2,-1\n",
            [
                #"t:2:1: error: "soon" is no time; write seconds as in 90, a duration as in 1m30s, or 2026-11-23T09:00:00Z"#,
                #"t:3:3: error: "many" is no percentage for "cpu", whose target is 70%; write the use of a replica, as in 85"#,
                #"t:4:3: error: "-1" is no percentage for "cpu", whose target is 70%; write the use of a replica, as in 85"#,
            ]
        ),
        (
            "time,cpu\n5,1\n5,1\n",
            [
                "t:3:1: error: the time is not after that of the row before; rows are in the order of their times"
            ]
        ),
        (
            "time,cpu\n5,1\n2026-11-23T09:00:00Z,1\n",
            [
                #"t:3:1: error: "2026-11-23T09:00:00Z" is another kind of time than that of the first row"#
            ]
        ),
        ("cpu\n5\n", [#"t:2:1: error: the row has no time; every row has a "time""#]),
        (
            "time,ready\n0,1.5\n",
            [
                #"t:2:3: error: "1.5" is no number of replicas; write a whole number from 0"#
            ]
        ),
        (
            "time,pressure_cpu\n0,101\n",
            [
                #"t:2:3: error: "101" is no percentage for "pressure_cpu"; write 0 to 100, as in 12.5"#
            ]
        ),
        (
            "time,memory\n0,lots\n",
            [#"t:2:3: error: "lots" is no size for "memory"; write bytes, or a size as in 512M"#]
        ),
        (
            "[{\"time\": 0,\n \"cpu\": [1]}]",
            [
                "t:2:9: error: a value of a row is not a number, a text or null; rows are flat objects"
            ]
        ),
        ("[{\"time\": 0}", ["t:1:13: error: \",\" or \"]\" is missing here"]),
        ("[{\"time\": 0}] x", ["t:1:15: error: something follows the array"]),
        ("[{time: 0}]", ["t:1:3: error: a name in quotation marks is missing here"]),
        ("[{\"time\" 0}]", ["t:1:10: error: \":\" is missing here"]),
        ("[{\"time\": \"0}]\n", ["t:1:11: error: the quotation mark has no partner on its line"]),
        ("[{\"time\": \"\\x\"}]", ["t:1:12: error: there is no such escape; write the character itself"]),
        ("[{\"time\": maybe}]", ["t:1:11: error: there is no number, text or null here"]),
        ("[]", ["t:1:3: error: the trace has no row"]),
        ("[1]", ["t:1:2: error: an object such as {\"time\": 0, \"load\": 100} is missing here"]),
    ])
    func everyFaultNamesItsPlace(text: String, expected: [String]) {
        #expect(faults(text) == expected)
    }

    @Test func whoeverMakesTheSameMistakeEverywhereIsToldTenOfThem() {
        let rows = (0..<50).map { "\($0),x\($0)\n" }.joined()
        #expect(faults("time,cpu\n" + rows).count == 10)
    }
}

extension ServiceSpec {
    static func scaled(
        by metrics: LoadMetric..., between bounds: ClosedRange<Int> = 1...10, interval: Duration = .seconds(5),
        resources: ResourceSpec = ResourceSpec(), replicas: Int = 1
    ) -> ServiceSpec {
        ServiceSpec(
            name: ServiceName("web") ?? .router, process: ProcessSpec(command: []), replicas: replicas,
            resources: resources,
            autoscale: AutoscaleSpec(
                minimum: bounds.lowerBound, maximum: bounds.upperBound, metrics: metrics, interval: interval,
                idleAfter: .seconds(60)))
    }
}
