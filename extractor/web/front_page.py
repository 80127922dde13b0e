"""What the front page shows: how much there is, what kinds, and the latest of it."""

from __future__ import annotations

from typing import Any

from extractor.web.event_page import plain
from extractor.web.filters import EVENT_VIEWS

LATEST = 20
# The one type that each view shows, to count it without reading the view
VIEW_TYPES = dict(
    zip(EVENT_VIEWS, ("control_measure", "trade_flow", "production", "deal", "stockpile", "price"), strict=True)
)


async def front_page(datasette: Any, database: str) -> dict[str, Any]:
    """Counts, views and the latest events of one database."""
    db = datasette.get_database(database)
    counts = (
        await db.execute(
            "select (select count(*) from documents) as documents, (select count(*) from problems) as problems"
        )
    ).first()
    by_type = {
        row["type"]: row["n"] for row in await db.execute("select type, count(*) as n from events group by type")
    }
    latest = await db.execute(
        "select e.id, e.summary, e.sentence, e.published, (select source from documents where id = e.document_id) "
        f"as source from events e order by e.published desc limit {LATEST}"
    )
    table = datasette.urls.table
    return {
        "documents": counts["documents"],
        "problems": counts["problems"],
        "events": sum(by_type.values()),
        "documents_href": table(database, "documents"),
        "events_href": table(database, "events"),
        "problems_href": table(database, "problems"),
        "database_href": datasette.urls.database(database),
        "views": [
            {
                "title": datasette.table_metadata(database, view).get("title", view),
                "description": datasette.table_metadata(database, view).get("description", ""),
                "count": by_type.get(type, 0),
                "href": table(database, view),
            }
            for view, type in VIEW_TYPES.items()
        ],
        "latest": [
            {
                "summary": row["summary"],
                "sentence": plain(row["sentence"]),
                "published": row["published"],
                "source": row["source"],
                "href": datasette.urls.row(database, "events", str(row["id"])),
            }
            for row in latest
        ],
    }
