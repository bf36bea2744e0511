import CLinux
import Glibc

extension Spawner {
    /// The words for a spawn that failed.
    func failure(of request: SpawnRequest, _ order: clinux_spawn) -> SpawnError {
        let user = request.credentials?.userName ?? ""
        let group = request.credentials?.groupName ?? ""
        let (stage, operation): (SpawnError.Stage, String) =
            switch order.failed_stage {
            case CLINUX_STAGE_CGROUP: (.cgroup, "clone3 into the cgroup")
            case CLINUX_STAGE_SESSION: (.session, request.session == .newGroup ? "setpgid" : "setsid")
            case CLINUX_STAGE_OOM_SCORE: (.oomScore, "oom_score_adj \(request.oomScoreAdjustment ?? 0)")
            case CLINUX_STAGE_NICE: (.nice, "setpriority \(request.nice ?? 0)")
            case CLINUX_STAGE_DESCRIPTORS: (.descriptors, "place descriptors")
            case CLINUX_STAGE_TERMINAL: (.terminal, "ioctl TIOCSCTTY")
            case CLINUX_STAGE_LIMITS: (.limits, "setrlimit \(limitName(order.failed_detail))")
            case CLINUX_STAGE_GROUPS: (.groups, "setgroups \(user)")
            case CLINUX_STAGE_GROUP: (.group, "setgid \(group)")
            case CLINUX_STAGE_USER: (.user, "setuid \(user)")
            case CLINUX_STAGE_WORKING_DIRECTORY: (.workingDirectory, "chdir \(request.workingDirectory ?? "")")
            case CLINUX_STAGE_NO_NEW_PRIVILEGES: (.noNewPrivileges, "prctl no_new_privs")
            case CLINUX_STAGE_DEATH_SIGNAL: (.deathSignal, "prctl pdeathsig")
            case CLINUX_STAGE_EXECUTABLE: (.executable, "exec \(request.executable ?? request.arguments.first ?? "")")
            default: (.clone, "clone3")
            }
        var error = SpawnError(stage: stage, errno: order.failed_errno, operation: operation)
        // When exec says that there is none though the search finds one, it means the one its first line names.
        if stage == .executable, error.errno == ENOENT, let file = request.program {
            error.description += " (\(file) is there, its interpreter is not)"
        }
        return error
    }

    private func limitName(_ resource: Int32) -> String {
        ResourceLimit.Resource(rawValue: resource)?.name ?? String(resource)
    }
}
