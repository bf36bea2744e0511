import Glibc

/// Starts threads with an event loop of their own: for what may wait for a disk, or must not wait for anything.
enum LoopThread {
    /// Starts a thread, and returns when it has made what it is to serve. `prepare` is called on the new thread, whose
    /// loop runs until it is stopped; `Served` is kept until then.
    /// - Throws: where there are no descriptors or no threads left.
    static func start<Served, Address: Sendable>(
        _ name: String,
        _ prepare: @escaping @Sendable (EventLoop) throws(SystemError) -> (serving: Served, address: Address)
    ) throws(SystemError) -> Address {
        let outcome = Outcome<Address>()
        let body = Body {
            // For whoever looks at the daemon's threads.
            try? ProcFile.write(name, to: "/proc/thread-self/comm")
            do throws(SystemError) {
                let loop = try EventLoop()
                let made = try prepare(loop)
                outcome.settle(.success(made.address))
                // It ends by `stop`; what else ends it is a kernel out of memory, and then there is nothing to do.
                withExtendedLifetime(made.serving) { try? loop.run() }
            } catch {
                outcome.settle(.failure(error))
            }
        }
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(body)
        let status = pthread_create(&thread, nil, run, argument.toOpaque())
        guard status == 0 else {
            argument.release()
            throw SystemError(errno: status, operation: "pthread_create")
        }
        pthread_detach(thread)
        return try outcome.wait().get()
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
    }

    /// What the new thread tells the one that started it.
    private final class Outcome<Value: Sendable>: @unchecked Sendable {
        // @unchecked: `result` is written before the semaphore is posted, and read after.
        private let settled = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        private var result: Result<Value, SystemError> = .failure(SystemError(errno: ESRCH, operation: "thread"))

        init() { sem_init(settled, 0, 0) }

        deinit {
            sem_destroy(settled)
            settled.deallocate()
        }

        func settle(_ result: Result<Value, SystemError>) {
            self.result = result
            sem_post(settled)
        }

        func wait() -> Result<Value, SystemError> {
            while sem_wait(settled) != 0, errno == EINTR {}
            return result
        }
    }
}
