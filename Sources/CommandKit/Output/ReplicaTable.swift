import ControlProtocol

/// The table of `stackctl ps`.
func replicaTable(_ services: [ServiceDocument], now: Timestamp) -> Table {
    var table = Table(
        "REPLICA", "STATE", Table.Column("READY", leaving: 3), Table.Column("PID", leaving: 2),
        Table.Column("RESTARTS", leaving: 0), Table.Column("SINCE", leaving: 1), "REASON")
    for service in services {
        for replica in service.replicas {
            table.append(
                Table.Cell(replica.name), Table.Cell(replica.state.rawValue, replica.style),
                Table.Cell(replica.ready ? "yes" : "no", replica.ready ? .green : .plain),
                Table.Cell(replica.pid.map { "\($0)" } ?? "-"),
                Table.Cell("\(replica.restarts)", replica.restarts > 0 ? .yellow : .plain),
                Table.Cell(age(from: replica.since, to: now)),
                Table.Cell(remark(on: replica, schedule: service.schedule, now: now)))
        }
    }
    return table
}

/// Between the runs of a schedule, that says more than any reason.
private func remark(on replica: ReplicaDocument, schedule: ScheduleDocument?, now: Timestamp) -> String {
    guard let schedule, schedule.next != nil, replica.isAtRest else { return replica.remark }
    return schedule.remark(now: now)
}
