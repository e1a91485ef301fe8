from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="noop",
    stage="own",
    summary="A workflow that does nothing.",
    workflows={"noop": Lazy("app.noop.workflows:noop")},
)
