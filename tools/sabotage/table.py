"""The table of sabotages: the fault, the scenario that must detect it, and the words that its error must contain."""

from __future__ import annotations

from tools.sabotage import differences, infrastructure, login, request_path, work, workloads
from tools.sabotage.sabotage import Sabotage

SABOTAGES: tuple[Sabotage, ...] = (
    *infrastructure.SABOTAGES,
    *workloads.SABOTAGES,
    *login.SABOTAGES,
    *request_path.SABOTAGES,
    *work.SABOTAGES,
    *differences.SABOTAGES,
)
