import ControlProtocol

/// What `top` knows and decides, apart from what it does: each input changes it and yields actions.
struct TopModel: Sendable {
    /// What fills the screen.
    enum Screen: Hashable, Sendable {
        case replicas
        case logs(TopPane)
        case explanation(TopPane)
        case help
    }

    /// What the last line asks for, and keys go to first.
    enum Prompt: Hashable, Sendable {
        case none
        /// Which rows are wanted; every key changes it.
        case filter
        /// Whether a change is meant.
        case confirmation(TopChange)
    }

    /// What the last line tells until the next key.
    struct Notice: Hashable, Sendable {
        var text: String
        var style: Style
    }

    enum Input: Sendable {
        case key(Key)
        case resized(TerminalSize)
        case sample(TopSample)
        /// The daemon could not be asked, in words.
        case unreachable(String)
        /// Lines of the replica that is followed.
        case logs(ReplicaName, [String])
        /// Nothing more comes of them.
        case logsEnded(ReplicaName)
        case explained(ReplicaName, [String])
        case told(Notice)
    }

    enum Action: Hashable, Sendable {
        case perform(TopChange)
        case follow(ReplicaName)
        case stopFollowing
        case explain(ReplicaName)
        /// To the shell and back.
        case suspend
        case repaint
        case quit
    }

    private(set) var size: TerminalSize
    private(set) var sample: TopSample?
    /// In percent of one processor.
    private(set) var hostPercent: Double?
    /// Why the last attempt to ask the daemon failed.
    private(set) var failure: String?
    /// Those that the filter lets through, in order.
    private(set) var rows: [TopRow] = []
    private(set) var selection: TopRow.ID?
    /// The first row that is shown.
    private(set) var firstRow = 0
    private(set) var columns = TopColumn.Choice.course
    private(set) var order = TopOrder()
    private(set) var filter = ""
    private(set) var screen = Screen.replicas
    private(set) var prompt = Prompt.none
    private(set) var notice: Notice?
    private var histories: [TopRow.ID: UsageHistory] = [:]
    /// The log stream broke and is to be followed again when the daemon is back.
    private var isLogBroken = false

    init(size: TerminalSize) {
        self.size = size
    }

    mutating func take(_ input: Input) -> [Action] {
        switch input {
        case .key(let key):
            notice = nil
            return press(key)
        case .resized(let new):
            size = new
            keepSelectionVisible()
        case .sample(let new):
            return take(new)
        case .unreachable(let reason):
            failure = reason
        case .logs(let replica, let lines):
            changePane(of: replica) { $0.append(lines) }
        case .logsEnded(let replica):
            isLogBroken = isShowingLogs(of: replica)
        case .explained(let replica, let lines):
            let height = paneHeight
            changePane(of: replica) { $0.show(lines, height: height) }
        case .told(let notice):
            self.notice = notice
        }
        return []
    }

    private mutating func take(_ new: TopSample) -> [Action] {
        failure = nil
        if let host = new.host, let earlier = sample?.host {
            hostPercent = host.processorPercent(since: earlier) ?? hostPercent
        }
        sample = new
        let usage = Dictionary(new.usage.map { ($0.instance, $0) }) { $1 }
        var kept: [TopRow.ID: UsageHistory] = [:]
        for row in new.services.flatMap(\.rows) {
            var history = histories[TopRow.ID(row)] ?? UsageHistory()
            history.take(row.replica.instance.flatMap { usage[$0] })
            kept[TopRow.ID(row)] = history
        }
        histories = kept
        arrange()
        guard isLogBroken, case .logs(let pane) = screen else { return [] }
        isLogBroken = false
        screen = .logs(TopPane(pane.replica))
        return [.follow(pane.replica)]
    }

    private func isShowingLogs(of replica: ReplicaName) -> Bool {
        if case .logs(let pane) = screen { pane.replica == replica } else { false }
    }

    private mutating func changePane(of replica: ReplicaName, _ change: (inout TopPane) -> Void) {
        switch screen {
        case .logs(var pane) where pane.replica == replica:
            change(&pane)
            screen = .logs(pane)
        case .explanation(var pane) where pane.replica == replica:
            change(&pane)
            screen = .explanation(pane)
        case .logs, .explanation, .replicas, .help:
            break
        }
    }
}

// MARK: - Rows

extension TopModel {
    /// The rows of the screen beside those of the table: summary, headings, the selected replica's remark, keys.
    static let frameHeight = 4

    var tableHeight: Int { max(1, size.rows - Self.frameHeight) }

    /// Without a title and the keys.
    var paneHeight: Int { max(1, size.rows - 2) }

    var selectedRow: TopRow? { selectedIndex.map { rows[$0] } }

    private var selectedIndex: Int? {
        // What came in the place of another is alone some time.
        rows.firstIndex { $0.id == selection } ?? rows.firstIndex { $0.id.name == selection?.name }
    }

    /// The service of the selected replica.
    var selectedService: ServiceDocument? {
        sample?.services.first { $0.name == selectedRow?.replica.service }
    }

    /// Filters and sorts anew; what was selected stays so, or else what stands where it stood.
    private mutating func arrange() {
        let place = selectedIndex ?? 0
        let words = filter.lowercased().split(separator: " ")
        let all = (sample?.services ?? []).flatMap(\.rows).map { row in
            TopRow(row: row, history: histories[TopRow.ID(row)] ?? UsageHistory())
        }
        rows = order.sorted(all.filter { $0.matches(words) })
        if selectedIndex == nil { selection = rows.isEmpty ? nil : rows[min(place, rows.count - 1)].id }
        keepSelectionVisible()
    }

    private mutating func select(_ place: Int) {
        guard !rows.isEmpty else { return }
        selection = rows[min(max(place, 0), rows.count - 1)].id
        keepSelectionVisible()
    }

    private mutating func keepSelectionVisible() {
        let place = selectedIndex ?? 0
        let last = max(0, rows.count - tableHeight)
        firstRow = min(max(firstRow, place - tableHeight + 1, 0), place, last)
    }
}

// MARK: - Keys

extension TopModel {
    private mutating func press(_ key: Key) -> [Action] {
        switch key {
        case .control("c"): return [.quit]
        case .control("z"): return [.suspend]
        case .control("l"): return [.repaint]
        default: break  // means what it means where the user is
        }
        switch (prompt, screen) {
        case (.filter, _): return edit(key)
        case (.confirmation(let change), _): return answer(key, to: change)
        case (.none, .replicas): return pressInTable(key)
        case (.none, .logs(let pane)): return scroll(pane, key, Screen.logs)
        case (.none, .explanation(let pane)): return scroll(pane, key, Screen.explanation)
        case (.none, .help):
            screen = .replicas
            return []
        }
    }

    private mutating func pressInTable(_ key: Key) -> [Action] {
        let place = selectedIndex ?? 0
        switch key {
        case .up, .character("k"): select(place - 1)
        case .down, .character("j"): select(place + 1)
        case .pageUp, .control("b"): select(place - tableHeight)
        case .pageDown, .control("f"): select(place + tableHeight)
        case .home, .character("g"): select(0)
        case .end, .character("G"): select(rows.count - 1)
        case .character("/"): prompt = .filter
        case .character("w"): columns = columns == .course ? .resources : .course
        case .character("?"), .character("h"): screen = .help
        case .escape: setFilter("")
        case .character("q"): return [.quit]
        case .character("l"): return open(Screen.logs, Action.follow)
        case .character("e"), .enter: return open(Screen.explanation, Action.explain)
        case .character(let character): return pressLetter(character)
        default: break  // means nothing here
        }
        return []
    }

    private mutating func pressLetter(_ character: Character) -> [Action] {
        if let key = Self.orderKeys[character] {
            order.choose(key)
            arrange()
            return []
        }
        guard let service = selectedService else { return [] }
        switch character {
        case "r": return propose(.action(.restart, service: service.name))
        case "s": return propose(.action(.stop, service: service.name))
        case "S": return propose(.action(.start, service: service.name))
        case "+", "=": return propose(.scale(service: service.name, from: service.scale, to: service.scale + 1))
        case "-" where service.scale > 0:
            return propose(.scale(service: service.name, from: service.scale, to: service.scale - 1))
        default: return []
        }
    }

    static let orderKeys: [Character: TopOrder.Key] = [
        "n": .name, "t": .state, "c": .processor, "m": .memory, "x": .restarts, "a": .since,
    ]

    private mutating func propose(_ change: TopChange) -> [Action] {
        guard change.isDestructive else { return decide(change) }
        prompt = .confirmation(change)
        return []
    }

    private mutating func answer(_ key: Key, to change: TopChange) -> [Action] {
        prompt = .none
        return key == .character("y") || key == .character("Y") ? decide(change) : []
    }

    /// A number of replicas counts from now on, so that the next key goes on from it.
    private mutating func decide(_ change: TopChange) -> [Action] {
        if case .scale(let service, _, let new) = change,
            let place = sample?.services.firstIndex(where: { $0.name == service })
        {
            sample?.services[place].scale = new
        }
        return [.perform(change)]
    }

    private mutating func open(_ screen: (TopPane) -> Screen, _ action: (ReplicaName) -> Action) -> [Action] {
        guard let selection else { return [] }
        self.screen = screen(TopPane(selection.name))
        return [action(selection.name)]
    }

    private mutating func scroll(_ pane: TopPane, _ key: Key, _ made: (TopPane) -> Screen) -> [Action] {
        var pane = pane
        let height = paneHeight
        switch key {
        case .up, .character("k"): pane.scroll(by: -1, height: height)
        case .down, .character("j"): pane.scroll(by: 1, height: height)
        case .pageUp, .control("b"): pane.scroll(by: -height, height: height)
        case .pageDown, .control("f"), .character(" "): pane.scroll(by: height, height: height)
        case .home, .character("g"): pane.scroll(by: -TopPane.capacity, height: height)
        case .end, .character("G"): pane.scroll(by: TopPane.capacity, height: height)
        case .escape, .character("q"): return close()
        default: break  // means nothing here
        }
        screen = made(pane)
        return []
    }

    private mutating func close() -> [Action] {
        defer {
            screen = .replicas
            isLogBroken = false
        }
        if case .logs = screen { return [.stopFollowing] }
        return []
    }

    private mutating func edit(_ key: Key) -> [Action] {
        switch key {
        case .enter: prompt = .none
        case .escape:
            prompt = .none
            setFilter("")
        case .backspace where filter.isEmpty: prompt = .none
        case .backspace: setFilter(String(filter.dropLast()))
        case .control("u"): setFilter("")
        case .character(let character): setFilter(filter + String(character))
        case .paste(let text): setFilter(filter + DisplayWidth.singleLine(text))
        default: break  // means nothing here
        }
        return []
    }

    private mutating func setFilter(_ new: String) {
        filter = String(new.prefix(200))
        arrange()
    }
}
