import StackModel
import Testing

@Suite struct LoadMetricTextTests {
    private static let route = LoadMetric.Source.route(name: "http", .latency)

    @Test(arguments: [
        (LoadMetric.Source.cpu, LoadMetric.Target.utilization(percent: 70), "70%"), (.cpu, .average(500), "0.5"),
        (.memory, .utilization(percent: 80), "80%"), (.memory, .average(512 << 20), "512M"),
        (.acceptQueue, .average(16_000), "16"), (.connections, .value(1_000_000), "1000"),
        (Self.route, .value(5), "0.005"), (Self.route, .value(1_250), "1.25"),
    ])
    func aTargetIsAsInTheFile(source: LoadMetric.Source, target: LoadMetric.Target, text: String) {
        #expect(LoadMetric(name: "a", source: source, target: target).targetText == text)
    }

    @Test(arguments: [
        (LoadMetric.Source.cpu, LoadMetric.Target.utilization(percent: 70), 93, "93%"),
        (.cpu, .average(500), 1_400, "1.4"),
        (.memory, .utilization(percent: 80), 0, "0%"), (.memory, .average(512 << 20), 500 << 20, "500MiB"),
        (.acceptQueue, .average(16_000), 43_000, "43"), (Self.route, .average(250), 5, "0.005"),
        (Self.route, .average(250), -1_010, "-1.01"),
    ])
    func aValueIsInTheUnitOfItsTarget(
        source: LoadMetric.Source, target: LoadMetric.Target, value: Int, text: String
    ) {
        #expect(LoadMetric(name: "a", source: source, target: target).text(of: value) == text)
    }
}
