from app.core.registry import Feature

feature = Feature(
    name="evals",
    stage="monitoring",
    summary="Evaluations of labelled cases: checks, people, a judge model; comparisons, and a gate.",
    requires=("graphs", "llm", "privacy"),
    extends={
        "core.commands": ["app.evals.cli:cli"],
        "graphs.case_checks": {"checks": "app.evals.checks:case_checks"},
    },
)
