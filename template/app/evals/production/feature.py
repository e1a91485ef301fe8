from app.core.registry import Feature

feature = Feature(
    name="evals.production",
    stage="monitoring",
    summary="A run that failed or was not helpful becomes a labelled case.",
    requires=("db", "evals", "feedback", "graphs", "privacy", "runs"),
    extends={"core.commands": ["app.evals.production.cli:cli"]},
)
