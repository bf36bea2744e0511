import StackModel
import SupervisorCore

/// A hash of all that happened in a world; the same in every process, unlike Swift's own.
///
/// FNV-1a over 64-bit words (Fowler, Noll and Vo), which is enough to tell two replays apart.
struct Digest {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x100_0000_01b3
        value ^= value >> 29
    }

    mutating func add(_ time: Instant) {
        add(UInt64(bitPattern: time.sinceOrigin.wholeNanoseconds))
    }

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(UInt64(byte)) }
    }

    /// What the effect does and to what; the words of an event are left to `addWords`.
    mutating func add(_ effect: Effect) {
        switch effect {
        case .openListeners: add(1)
        case .closeListeners: add(2)
        case .spawn(let id, let replica, _): add(3, id, UInt64(replica.index))
        case .runPreStop(let id): add(4, id, 0)
        case .signal(let id, let signal, let scope): add(5, id, UInt64(signal.number) * (scope == .mainProcess ? 1 : 2))
        case .kill(let id): add(6, id, 0)
        case .startProbe(let id, let run): add(7, id, UInt64(run.number))
        case .cancelProbe(let id, let run): add(8, id, UInt64(run.number))
        case .release(let id): add(9, id, 0)
        case .record: add(10)
        case .publish(let event):
            add(11)
            add(event.id.number)
            add(event.cause?.number ?? 0)
        case .stackStopped: add(12)
        case .adopt(let id, let revision): add(13, id, UInt64(revision.epoch))
        case .enterRotation(let id): add(14, id, 0)
        case .leaveRotation(let id): add(15, id, 0)
        case .measure(let measurement):
            add(16)
            add(measurement.run)
        case .keepRevisions(_, let revisions):
            add(17)
            add(UInt64(revisions.count))
        case .measureLoad(let request):
            add(18)
            add(request.run)
        case .awaitConnection: add(19)
        case .ignoreConnections: add(20)
        }
    }

    private mutating func add(_ kind: UInt64, _ id: InstanceID, _ detail: UInt64) {
        add(kind)
        add(id.serial)
        add(detail)
    }

    /// The effect in full.
    mutating func addWords(_ effect: Effect) {
        add(effect.summary)
    }
}
