import ControlProtocol

/// A column of the table of `top`.
struct TopColumn: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        case name, state, processor, memory, restarts, since, processorBars, memoryBars, remark
        case memoryPeak, descriptors, threads, disk, wait, throttled, kills
    }

    /// What the columns behind those that are always there tell of.
    enum Choice: Hashable, Sendable {
        /// The last minute, and why a replica is in its state.
        case course
        /// What else it uses and lacks.
        case resources
    }

    var content: Content
    var width: Int

    /// Between two columns.
    static let gap = 2

    /// The columns that fit: on a wide screen all, on a narrow one the most important ones.
    ///
    /// - Parameters:
    ///   - columns: of the screen.
    ///   - longestName: in columns, of the replicas.
    static func fitting(columns: Int, longestName: Int, _ choice: Choice = .course) -> [TopColumn] {
        var result = [TopColumn(content: .name, width: min(max(longestName, 8), max(8, columns / 3)))]
        var room = columns - result[0].width
        for (content, width) in fixed + (choice == .resources ? resources : []) {
            guard room >= gap + width else { return result }
            result.append(TopColumn(content: content, width: width))
            room -= gap + width
        }
        switch choice {
        case .course: return result + growing(room)
        case .resources:
            return room < gap + leastRemark ? result : result + [TopColumn(content: .remark, width: room - gap)]
        }
    }

    /// Wide enough for every value, and for the heading with its arrow.
    private static let fixed: [(Content, Int)] = [
        (.state, 9), (.processor, 5), (.memory, 5), (.restarts, 9), (.since, 6),
    ]
    private static let resources: [(Content, Int)] = [
        (.descriptors, 6), (.disk, 6), (.wait, 5), (.kills, 4), (.throttled, 9), (.memoryPeak, 6), (.threads, 7),
    ]
    private static let bars = 8...20
    private static let leastRemark = 20

    /// What the rest of a line is used for.
    private static func growing(_ room: Int) -> [TopColumn] {
        let remarkRoom = room - 2 * (gap + bars.lowerBound)
        guard remarkRoom >= 0 else {
            let width = min(room - gap, bars.upperBound)
            return width < bars.lowerBound ? [] : [TopColumn(content: .processorBars, width: width)]
        }
        let hasRemark = remarkRoom >= gap + leastRemark
        let barRoom = hasRemark ? room - gap - leastRemark : room
        let width = min(barRoom / 2 - gap, bars.upperBound)
        let both = [TopColumn(content: .processorBars, width: width), TopColumn(content: .memoryBars, width: width)]
        let rest = room - 2 * (gap + width) - gap
        return hasRemark ? both + [TopColumn(content: .remark, width: rest)] : both
    }

    /// The heading, with an arrow where the rows are sorted by it.
    func title(order: TopOrder) -> String {
        let (text, key): (String, TopOrder.Key?) =
            switch content {
            case .name: ("REPLICA", .name)
            case .state: ("STATE", .state)
            case .processor: ("CPU", .processor)
            case .memory: ("MEM", .memory)
            case .restarts: ("RESTARTS", .restarts)
            case .since: ("SINCE", .since)
            case .processorBars: ("CPU 1 MIN", nil)
            case .memoryBars: ("MEM 1 MIN", nil)
            case .remark: ("REASON", nil)
            case .memoryPeak: ("PEAK", nil)
            case .descriptors: ("FDS", nil)
            case .threads: ("THREADS", nil)
            case .disk: ("IO/S", nil)
            case .wait: ("WAIT", nil)
            case .throttled: ("THROTTLED", nil)
            case .kills: ("OOM", nil)
            }
        guard key == order.key else { return fitted(text) }
        return fitted(text + (order.isReversed ? "▴" : "▾"))
    }

    /// What the column shows of a row, as wide as the column is.
    func text(of row: TopRow, now: Timestamp) -> String {
        switch content {
        case .name: fitted(row.name)
        case .state: fitted(row.replica.word)
        case .processor: fitted(row.history.processorPercent.map(percentText) ?? "-")
        case .memory: fitted(row.history.memoryBytes.map(bytesText) ?? "-")
        case .restarts: fitted("\(row.replica.restarts)")
        case .since: fitted(age(from: row.replica.since, to: now))
        case .processorBars: row.history.processorBars(width: width)
        case .memoryBars: row.history.memoryBars(width: width)
        case .remark: fitted(row.replica.remark)
        case .memoryPeak: fitted(row.history.usage?.memoryPeakBytes.map(bytesText) ?? "-")
        case .descriptors: fitted(row.history.usage?.openDescriptors.map { "\($0)" } ?? "-")
        case .threads: fitted(row.history.usage?.threads.map { "\($0)" } ?? "-")
        case .disk: fitted(row.history.diskRate.map { bytesText(UInt64($0)) } ?? "-")
        case .wait: fitted(row.history.waitPercent.map(percentText) ?? "-")
        case .throttled: fitted(row.history.throttledPercent.map(percentText) ?? "-")
        case .kills: fitted(row.history.usage?.oomKills.map { "\($0)" } ?? "-")
        }
    }

    /// From this share of its limit on it is time to do something.
    private static let nearLimit = 0.8

    func style(of row: TopRow) -> Style {
        switch content {
        case .state: row.replica.style
        case .restarts: row.replica.restarts > 0 ? .yellow : .plain
        case .processorBars: .green
        case .memoryBars: .service(0)
        case .descriptors: row.history.usage?.descriptorRatio ?? 0 >= Self.nearLimit ? .yellow : .plain
        case .kills: row.history.usage?.oomKills ?? 0 > 0 ? .red : .plain
        case .name, .processor, .memory, .since, .remark, .memoryPeak, .threads, .disk, .wait, .throttled: .plain
        }
    }

    /// Numbers stand at the right, words at the left.
    private func fitted(_ text: String) -> String {
        let text = DisplayWidth.fitted(text, to: width)
        switch content {
        case .processor, .memory, .restarts, .since, .memoryPeak, .descriptors, .threads, .disk, .wait, .throttled,
            .kills:
            return DisplayWidth.spaces(width - DisplayWidth.columns(of: text)) + text
        case .name, .state, .processorBars, .memoryBars, .remark:
            return DisplayWidth.padded(text, to: width)
        }
    }
}
