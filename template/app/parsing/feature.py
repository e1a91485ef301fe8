from app.core.registry import Feature

feature = Feature(
    name="parsing",
    stage="foundations",
    summary="The text of files, with pages, headings and tables, from a process that cannot do harm.",
)
