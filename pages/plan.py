"""The plan of an upgrade as text, as Markdown for a pull request, and as JSON."""

from __future__ import annotations

import json
import textwrap

from lab.upgrades.findings import Finding
from lab.upgrades.plan import Plan
from pages.markdown import format_block, format_code

WIDTH = 120
SHOWN = 8
"""The number of subjects of a finding that the text lists; Markdown and JSON list all."""
VERSION = 1
"""The version of the JSON format."""


def format_text(plan: Plan) -> str:
    """Return the plan for a terminal."""
    lines = [_summarize(plan), ""]
    for topic, findings in plan.list_topics():
        lines.append(topic.upper())
        for finding in findings:
            mark = "BLOCKS " if finding.blocks else ""
            lines += [*_wrap(f"{mark}{finding.effect}", "- ", "  "), *_list_subjects(finding)]
            lines += _wrap(finding.remedy, "    do: ", "        ") if finding.remedy else []
            lines.append(f"    source: {finding.source}")
        lines.append("")
    lines.append("STEPS")
    for number, (phase, step) in enumerate(plan.steps, 1):
        lines += [*_wrap(f"{number}. ({phase}) {step.title}", "", "   "), *_wrap(step.reason, "   ", "   ")]
        lines += [*(f"       {command}" for command in step.commands), f"   source: {step.source}"]
    return "\n".join(lines).rstrip()


def format_markdown(plan: Plan) -> str:
    """Return the plan for a pull request, with long lists folded."""
    lines = [f"## Upgrade from {plan.old.name} to {plan.new.name}", "", _summarize(plan), ""]
    for topic, findings in plan.list_topics():
        lines += [f"### {topic}", ""]
        for finding in findings:
            mark = "**blocks**: " if finding.blocks else ""
            lines += [f"- {mark}{finding.effect} *({finding.source})*"]
            subjects = ", ".join(map(format_code, finding.subjects))
            count = len(finding.subjects)
            lines += [
                f"  <details><summary>{count} affected</summary>{subjects}</details>"
                if count > SHOWN
                else f"  {subjects}"
            ]
            lines += [f"  <br>{finding.remedy}"] if finding.remedy else []
        lines.append("")
    lines += ["### Steps", ""]
    for number, (phase, step) in enumerate(plan.steps, 1):
        lines += [f"{number}. {step.title} ({phase}) *({step.source})*", "", f"   {' '.join(step.reason.split())}", ""]
        lines += [format_block("\n".join(step.commands), "sh"), ""] if step.commands else []
    return "\n".join(lines).rstrip()


def format_json(plan: Plan) -> str:
    """Return the plan for programs."""
    content = {
        "version": VERSION,
        "from": {"name": plan.old.name, "release": plan.old.release.kubeflow, "objects": len(plan.old.objects)},
        "to": {"name": plan.new.name, "release": plan.new.release.kubeflow, "objects": len(plan.new.objects)},
        "blocks": bool(plan.blockers),
        "findings": [
            {
                "topic": finding.topic.name.lower(),
                "effect": finding.effect,
                "subjects": finding.subjects,
                "blocks": finding.blocks,
                "remedy": finding.remedy,
                "source": finding.source,
            }
            for finding in plan.findings
        ],
        "steps": [{"phase": phase, **step.model_dump()} for phase, step in plan.steps],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _summarize(plan: Plan) -> str:
    old, new, count = plan.old, plan.new, len(plan.blockers)
    return (
        f"From Kubeflow {old.release.kubeflow} ({len(old.objects)} objects) to {new.release.kubeflow} "
        f"({len(new.objects)} objects): {len(plan.findings)} findings, {count or 'none'} of which "
        f"{'blocks' if count == 1 else 'block'} the upgrade."
    )


def _list_subjects(finding: Finding) -> list[str]:
    more = len(finding.subjects) - SHOWN
    shown = [*finding.subjects[:SHOWN], *([f"and {more} more (--format=json lists all)"] if more > 0 else [])]
    return [f"    {subject}" for subject in shown]


def _wrap(text: str, first: str, later: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
