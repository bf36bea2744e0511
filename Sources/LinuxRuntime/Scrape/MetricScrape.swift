/// Reads a page of metrics once, from a port of this host.
public final class MetricScrape {
    public enum Outcome: Hashable, Sendable {
        /// In the order of the selectors.
        case page([ScrapedMetric])
        /// With what was seen instead.
        case failed(String)
    }

    private let loop: EventLoop
    private var completion: ((Outcome) -> Void)?
    private var exchange: HTTPExchange?
    private var timer: EventLoop.Timer?
    private var page: MetricPage
    private var isOpenMetrics = false

    /// `completion` is called once, on the loop and never from within this call, after the timeout at the latest. It
    /// goes on whether or not it is kept.
    public init(
        _ selectors: [MetricSelector], port: UInt16, path: String, timeout: Duration, loop: EventLoop,
        completion: @escaping (Outcome) -> Void
    ) {
        self.loop = loop
        self.completion = completion
        page = MetricPage(selectors)
        // Until it is over it is kept by its timer.
        timer = loop.schedule(after: timeout) { [self] in finish(.failed("no answer within \(timeout)")) }
        loop.schedule(after: .zero) { [weak self] in self?.begin(port: port, path: path) }
    }

    /// Ends it without an outcome.
    public func cancel() {
        if let timer { loop.cancel(timer) }
        timer = nil
        exchange?.cancel()
        exchange = nil
        completion = nil
    }

    private func begin(port: UInt16, path: String) {
        guard completion != nil else { return }
        // Older formats before newer ones: what all of them tell is enough, and most are tested with this one.
        let accept = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1"
        let request = HTTPRequest(
            host: "localhost", port: port, target: path, fields: [(name: "Accept", value: accept)])
        do throws(ProbeFailure) {
            let exchange = try HTTPExchange(request, loop: loop) { [self] event in handle(event) }
            self.exchange = exchange
            exchange.start()
        } catch {
            finish(.failed(error.words))
        }
    }

    private func handle(_ event: HTTPExchange.Event) {
        do throws(ProbeFailure) {
            switch event {
            case .head(let head):
                guard head.status == 200 else { throw ProbeFailure("HTTP status \(head.status)") }
                isOpenMetrics = head.mediaType == "application/openmetrics-text"
            case .body(let bytes): try page.feed(bytes)
            case .end:
                try page.finish()
                // By the end that such a page must have, one that was cut off is known.
                guard !isOpenMetrics || page.hasEnd else { throw ProbeFailure("the page has no end") }
                finish(.page(page.metrics))
            case .failed(let words): throw ProbeFailure(words)
            }
        } catch {
            finish(.failed(error.words))
        }
    }

    private func finish(_ outcome: Outcome) {
        let completion = completion
        cancel()
        completion?(outcome)
    }
}
