"""The plugins of the suite: one fixture module a layer, the steps that features share, and how runs are reported."""

pytest_plugins = [
    "fixtures.options",
    "fixtures.layers",
    "fixtures.left_out",
    "fixtures.exits",
    "fixtures.evidence",
    "fixtures.scenarios",
    "fixtures.reports",
    "fixtures.terminal",
    "fixtures.github",
    "fixtures.site",
    "fixtures.network",
    "fixtures.cluster",
    "fixtures.metallb",
    "fixtures.ingress",
    "fixtures.kubeflow",
    "fixtures.sessions",
    "fixtures.changes",
    "fixtures.browser",
    "fixtures.probes",
    "steps.shared",
]
