"""Services whose output goes to systemd's journal."""

from __future__ import annotations

from typing import Any

from machine import Unit, wait_until


def test_lines_arrive_with_their_service_and_severity(unit: Unit) -> None:
    script = "echo plain; echo '<3>broken'; echo aside >&2; exec sleep infinity"
    unit.write(f'  talker: {{command: [sh, -c, "{script}"], replicas: 2, logging: {{driver: journald}}}}\n')
    unit.start()

    def lines() -> list[dict[str, Any]]:
        entries = unit.entries("STACK_SERVICE=talker", f"_SYSTEMD_UNIT={unit.service}")
        return entries if len(entries) == 6 else []

    entries = wait_until(lines, unit.journal)
    assert {entry["STACK_REPLICA"] for entry in entries} == {"0", "1"}
    severities = {entry["MESSAGE"]: entry["PRIORITY"] for entry in entries}
    assert severities.keys() == {"plain", "broken", "aside"}
    assert severities["broken"] == "3" and severities["plain"] == "6"
