import ControlProtocol

/// How services are replaced, and what their routes see of it.
extension PrometheusText {
    mutating func writeRollouts(_ services: [ServiceDocument]) {
        family("stackd_service_revisions_total", .counter, "Revisions that have come into force.") { writer in
            for service in services {
                guard let newest = service.history.first else { continue }
                writer.sample([("service", service.name)], Double(newest.number))
            }
        }
        family("stackd_rollout_phase", .gauge, "The phase of the rollout: 1 for the one that it is in.") { writer in
            for service in services {
                for phase in RolloutDocument.Phase.allCases {
                    writer.sample(
                        [("service", service.name), ("phase", phase.rawValue)], phase == service.rollout?.phase)
                }
            }
        }
        func write(_ name: String, _ help: String, _ value: (RolloutDocument) -> Int) {
            family(name, .gauge, help) { writer in
                for service in services {
                    guard let rollout = service.rollout else { continue }
                    writer.sample([("service", service.name)], Double(value(rollout)))
                }
            }
        }
        write("stackd_rollout_replicas_wanted", "How many replicas there should be of the new revision.", \.wanted)
        write("stackd_rollout_replicas_updated", "How many replicas run the new revision.", \.updated)
        write("stackd_rollout_replicas_available", "How many of those have been ready for long enough.", \.available)
    }

    mutating func writeRoutes(_ routes: [StackMetrics.Route]) {
        func labels(_ route: StackMetrics.Route) -> Labels { [("service", route.service), ("route", route.name)] }
        func forEach(_ body: (StackMetrics.Route.Server, Labels) -> Void) {
            for route in routes {
                for server in route.servers {
                    let replica = server.replica.map { [("replica", String($0))] } ?? []
                    let revision = server.revision.map { [("revision", $0)] } ?? []
                    body(server, labels(route) + replica + revision)
                }
            }
        }
        family(
            "stackd_route_requests_total", .counter, "Requests by the class of their answer, or connections."
        ) { writer in
            forEach { server, labels in
                for (code, count) in server.requests {
                    writer.sample(labels + (code.map { [("code", $0)] } ?? []), Double(count))
                }
            }
        }
        family(
            "stackd_route_errors_total", .counter,
            "Requests that were answered by an error of the server, or not at all."
        ) { writer in
            forEach { server, labels in writer.sample(labels, Double(server.errors)) }
        }
        family("stackd_route_response_seconds", .gauge, "The mean time until an answer, of the latest 1,024.") {
            writer in
            forEach { server, labels in
                if let seconds = server.responseSeconds { writer.sample(labels, seconds) }
            }
        }
        family("stackd_route_queue", .gauge, "Requests that wait for a replica.") { writer in
            for route in routes { writer.sample(labels(route), Double(route.queue)) }
        }
    }
}
