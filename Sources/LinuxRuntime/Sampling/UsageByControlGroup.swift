import Glibc

extension ControlGroups {
    public func sampleUsage(of ids: [String], _ detail: UsageDetail) -> @Sendable () -> [Usage?] {
        let accounts = ids.map { self.accounts[$0] }
        return {
            // Without a descriptor to spare, nothing can be read.
            guard let files = try? KernelFiles() else { return ids.map { _ in nil } }
            var usages: [Usage?] = []
            usages.reserveCapacity(accounts.count)
            for account in accounts { usages.append(account?.usage(detail, files)) }
            return usages
        }
    }
}
