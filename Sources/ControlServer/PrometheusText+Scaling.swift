import ControlProtocol

/// Who says how many replicas there are, and what autoscalers see.
extension PrometheusText {
    mutating func writeScaling(_ services: [ServiceDocument]) {
        family(
            "stackd_service_replicas_rule", .gauge,
            "Who says how many replicas there should be: 1 for the one whose number counts."
        ) { writer in
            for service in services {
                for rule in ScalingDocument.Rule.allCases {
                    writer.sample(
                        [("service", service.name), ("rule", rule.rawValue)], rule == service.scaling.rule)
                }
            }
        }
        writeAutoscalers(services.filter { $0.scaling.maximum != nil })
    }

    private mutating func writeAutoscalers(_ services: [ServiceDocument]) {
        func write(_ name: String, _ help: String, _ value: (ScalingDocument) -> Int?) {
            family("stackd_autoscaler_\(name)", .gauge, help) { writer in
                for service in services {
                    guard let value = value(service.scaling) else { continue }
                    writer.sample([("service", service.name)], Double(value))
                }
            }
        }
        write("active", "Whether the autoscaler decides how many replicas there are.") { $0.active ? 1 : 0 }
        write("awaits_connection", "Whether there is no replica until somebody connects.") {
            $0.awaitsConnection ? 1 : 0
        }
        write("minimum", "How many replicas there are at the least.", \.minimum)
        write("maximum", "How many replicas there are at the most.", \.maximum)
        write("recommendation", "How many replicas the metrics ask for.") { $0.decision?.recommendation }
        family(
            "stackd_autoscaler_metric_ratio", .gauge, "What was measured to what is right, by metric."
        ) { writer in
            for service in services {
                for metric in service.scaling.decision?.metrics ?? [] {
                    guard let ratio = metric.ratio else { continue }
                    writer.sample([("service", service.name), ("metric", metric.name)], ratio)
                }
            }
        }
    }
}
