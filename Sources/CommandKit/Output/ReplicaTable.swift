import ControlProtocol

/// The table of `stackctl ps`.
func replicaTable(_ services: [ServiceDocument], now: Timestamp) -> Table {
    var table = Table(
        "REPLICA", "STATE", Table.Column("READY", leaving: 4), Table.Column("PID", leaving: 3),
        Table.Column("RESTARTS", leaving: 1), Table.Column("REVISION", leaving: 0), Table.Column("SINCE", leaving: 2),
        "REASON")
    for service in services {
        if service.replicas.isEmpty {
            let dash = Table.Cell("-")
            let (state, reason) = service.absence
            table.append(
                Table.Cell(service.name), Table.Cell(state, .dim), dash, dash, dash, dash, dash, Table.Cell(reason))
        }
        for row in service.rows {
            let replica = row.replica
            table.append(
                Table.Cell(row.name, row.role == .former ? .dim : .plain),
                Table.Cell(replica.state.rawValue, replica.style),
                Table.Cell(replica.ready ? "yes" : "no", replica.ready ? .green : .plain),
                Table.Cell(replica.pid.map { "\($0)" } ?? "-"),
                Table.Cell("\(replica.restarts)", replica.restarts > 0 ? .yellow : .plain),
                Table.Cell(shortHash(replica.revision)), Table.Cell(age(from: replica.since, to: now)),
                Table.Cell(remark(on: replica, schedule: service.schedule, now: now)))
        }
    }
    return table
}

extension ServiceDocument {
    /// What is told of a service that has no replica: `on demand`, and why that is so.
    fileprivate var absence: (state: String, reason: String) {
        scaling.awaitsConnection
            ? ("on demand", "the next connection starts a replica") : ("none", "is scaled to 0")
    }
}

/// Between the runs of a schedule, that says more than any reason.
private func remark(on replica: ReplicaDocument, schedule: ScheduleDocument?, now: Timestamp) -> String {
    guard let schedule, schedule.next != nil, replica.isAtRest else { return replica.remark }
    return schedule.remark(now: now)
}

/// What stands under the table: a line for each rollout.
func rolloutFooter(_ services: [ServiceDocument], now: Timestamp, palette: Palette, width: Int?) -> [String] {
    services.flatMap { service -> [String] in
        guard let rollout = service.rollout else { return [] }
        let lines = DisplayWidth.wrapped(rollout.summary(of: service, now: now), to: width)
        return lines.map { palette(rollout.style, $0) }
    }
}
