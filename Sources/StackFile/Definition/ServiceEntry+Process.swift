import StackModel

extension ServiceEntry {
    /// What to execute, and in what surroundings.
    func process(of name: Located<String>, report: inout Report) -> ProcessSpec {
        let user = draft.user?.value
        if let group = draft.group, user?.group != nil {
            report.error(at: group.location, "the group is given twice", remedy: "keep `group`, or that of `user`")
        }
        return ProcessSpec(
            command: command(of: name, report: &report),
            environment: variables,
            workingDirectory: draft.workingDirectory?.value,
            user: user?.user,
            group: draft.group?.value ?? user?.group,
            supplementaryGroups: draft.supplementaryGroups?.value ?? [],
            umask: draft.umask?.value,
            limits: draft.limits?.value ?? [],
            nice: draft.nice?.value,
            oomScoreAdjustment: draft.oomScoreAdjustment?.value,
            noNewPrivileges: noNewPrivileges(report: &report),
            keepsStandardInputOpen: draft.keepsStandardInputOpen?.value ?? false)
    }

    private func command(of name: Located<String>, report: inout Report) -> [Template] {
        let words = (draft.entrypoint?.value ?? []) + (draft.command?.value ?? [])
        if words.first?.parts.isEmpty == false { return words }
        if let location = (draft.entrypoint ?? draft.command)?.location, !isFaulty("command", draft.command) {
            report.error(at: location, "the command is empty", remedy: "its first word is the program")
        } else if !isFaulty("command", draft.command), !isFaulty("entrypoint", draft.entrypoint) {
            let isForContainers = node["image"] != nil || node["build"] != nil
            // The key that stands in its place has been refused with the same advice.
            if !isForContainers {
                report.error(
                    at: name.location, "service `\(name.value)` has no `command`",
                    remedy: "name a program of the host: `command: [./\(name.value)]`")
            }
        }
        return words
    }

    /// As in Compose, the last one of a name wins.
    private var variables: [EnvironmentVariable] {
        let given = (draft.environment?.value ?? []).compactMap { $0 }
        return Dictionary(given.map { ($0.name, $0) }, uniquingKeysWith: { $1 }).values.map { $0 }
    }

    private func noNewPrivileges(report: inout Report) -> Bool {
        if let own = draft.noNewPrivileges, let compose = draft.securityOptions, own.value != compose.value {
            report.error(
                at: own.location, "`no_new_privileges` and `security_opt` contradict each other",
                remedy: "keep one of them")
        }
        return draft.noNewPrivileges?.value ?? draft.securityOptions?.value ?? false
    }
}
