/// Does work that takes its time, such as reading many small files of the kernel's, on a thread that serves nobody.
@concurrent func elsewhere<Value: Sendable>(_ work: @Sendable () -> Value) async -> Value { work() }
