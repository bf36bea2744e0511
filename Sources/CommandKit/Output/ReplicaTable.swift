import ControlProtocol

/// The table of `stackctl ps`.
func replicaTable(_ replicas: [ReplicaDocument], now: Timestamp) -> Table {
    var table = Table("REPLICA", "STATE", "READY", "PID", "RESTARTS", "SINCE", "REASON")
    for replica in replicas {
        table.append(
            Table.Cell(replica.name), Table.Cell(replica.state.rawValue, replica.style),
            Table.Cell(replica.ready ? "yes" : "no", replica.ready ? .green : .plain),
            Table.Cell(replica.pid.map { "\($0)" } ?? "-"),
            Table.Cell("\(replica.restarts)", replica.restarts > 0 ? .yellow : .plain),
            Table.Cell(age(from: replica.since, to: now)),
            Table.Cell(replica.remark))
    }
    return table
}
