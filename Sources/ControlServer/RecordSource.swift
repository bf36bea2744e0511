public import ControlProtocol

/// Where the records of one stream come from. The client's connection pulls them, so that what is not taken yet waits
/// at its source.
public protocol RecordSource<Item>: AnyObject, Sendable {
    associatedtype Item: FeedItem

    /// What comes next, as soon as there is something; empty after a nudge, nil at the end. For one reader at a time.
    func next() async -> [StreamRecord<Item>]?
    /// Wakes a reader that waits, with nothing, so that it can show that it lives.
    func nudge()
    /// The client has gone, or the daemon ends the stream.
    func finish()
}
