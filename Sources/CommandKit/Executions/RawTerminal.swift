import Glibc

/// The user's terminal while another program, behind the control socket, has it.
actor RawTerminal {
    private let isUsed: Bool
    private var mode: RawMode?

    /// - Parameter isUsed: otherwise nothing here does anything.
    init(isUsed: Bool) {
        self.isUsed = isUsed
    }

    func take() throws(SystemError) {
        guard isUsed else { return }
        mode = nil
        mode = try RawMode(STDIN_FILENO)
    }

    func giveBack() {
        mode = nil
    }
}
