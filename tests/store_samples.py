"""Documents with what was read out of them, written by hand, for the tests of the store and of the site."""

from __future__ import annotations

from typing import Any

from extractor.schema import Document, Event, Extraction, Mention, Span


def spans(document: Document, words: str) -> tuple[Span, ...]:
    """Where each of `words` (separated by `|`) first stands."""
    found = []
    for word in words.split("|"):
        start = document.content.index(word)
        found.append((start, start + len(word)))
    return tuple(found)


def event(document: Document, type: str, sentence: str, confidence: float = 0.9, /, **slots: tuple[Any, str]) -> Event:
    """slots: name=(value, the words it was read from)."""
    evidence = {"sentence": spans(document, sentence)}
    evidence |= {name: spans(document, words) for name, (_, words) in slots.items() if words}
    return Event(type, {name: value for name, (value, _) in slots.items()}, evidence, confidence)


def gallium(title: str = "Ministry sets licence rule for gallium") -> Extraction:
    document = Document(
        id="gallium", title=title, url="https://example.org/gallium", source="Example Wire", published="2026-03-12",
        language="en", origin="demo/gallium.html",
        text="Traders in Rotterdam reported thin stocks.\n\nThe ministry in Beijing said that shipments of gallium and "
             "germanium to Japan will need an export licence from 1 April, under Announcement No. 18 of 2026, with a "
             "quota of 3,500–4,000 tonnes. The notice lists 8112.92.90.\n\nGermany imported 41 tonnes of gallium "
             "worth 12 million euros in January, 12.5% less than a year earlier.")
    rule = event(
        document, "control_measure",
        "The ministry in Beijing said that shipments of gallium and germanium to Japan will need an export licence "
        "from 1 April, under Announcement No. 18 of 2026, with a quota of 3,500–4,000 tonnes.",
        measure=("export_licence", "export licence"), issuer=(["CN"], "Beijing"),
        materials=(["gallium", "germanium"], "gallium and|germanium"), target=(["JP"], "Japan"),
        status=("announced", "will need"), effective=("2026-04-01", "1 April"),
        quantity=({"low": 3500, "high": 4000}, "3,500–4,000 tonnes"),
        reference=("Announcement No. 18 of 2026", "Announcement No. 18 of 2026"),
        codes=(["81129290"], "8112.92.90"))
    flow = event(
        document, "trade_flow",
        "Germany imported 41 tonnes of gallium worth 12 million euros in January, 12.5% less than a year earlier.", 0.8,
        direction=("import", "imported"), destination=(["DE"], "Germany"), materials=(["gallium"], "gallium worth"),
        quantity=({"tonnes": 41}, "41 tonnes"), change_pct=(-12.5, "12.5% less"), period=("2026-01", "January"),
        value=({"amount": 1.2e7, "currency": "EUR"}, "12 million euros"))
    return Extraction(
        document, True, ("gallium", "germanium"), ("CN", "JP", "DE"), (), ({"tonnes": 41},), (rule, flow),
        (Mention("MATERIAL", "gallium", *spans(document, "gallium")[0]),
         Mention("QUANTITY", "41 t", *spans(document, "41 tonnes")[0], {"tonnes": 41})))


def lithium() -> Extraction:
    document = Document(
        id="lithium", title="Larvik Lithium signs an offtake", url="https://example.org/lithium", source="Fjord Post",
        published="2026-03-10", language="en", origin="demo/lithium.txt",
        text="Larvik Lithium signed an offtake for 25,000 tonnes of lithium hydroxide with GE, worth USD 410 million. "
             "Larvik will build a refinery in Norway for 12,000 tonnes a year by 2028. Lithium carbonate traded at USD "
             "11,250 a tonne in China this month. Korea holds 120 tonnes of lithium, enough for 60 days.")
    return Extraction(
        document, True, ("lithium",), ("NO", "CN", "KR"), ("Larvik Lithium", "GE"), (), (
            event(document, "deal", "Larvik Lithium signed an offtake for 25,000 tonnes of lithium hydroxide with GE, "
                  "worth USD 410 million.", kind=("offtake", "offtake for"), date=("2026-03", ""),
                  parties=(["Larvik Lithium", "GE"], "Larvik Lithium signed|GE"), status=("signed", "signed"),
                  materials=(["lithium"], "lithium hydroxide"), quantity=({"tonnes": 25000}, "25,000 tonnes"),
                  value=({"amount": 4.1e8, "currency": "USD"}, "USD 410 million")),
            event(document, "production", "Larvik will build a refinery in Norway for 12,000 tonnes a year by 2028.",
                  action=("planned", "will build"), materials=(["lithium"], ""), actor=(["Larvik Lithium"], "Larvik"),
                  activity=("refining", "refinery"), site=("NO", "Norway"), period=("2028", "2028"),
                  quantity=({"tonnes": 12000}, "12,000 tonnes")),
            event(document, "price", "Lithium carbonate traded at USD 11,250 a tonne in China this month.",
                  materials=(["lithium"], "Lithium carbonate"), market=("CN", "China"),
                  value=({"amount": 11250, "currency": "USD", "per": "t"}, "USD 11,250 a tonne")),
            event(document, "stockpile", "Korea holds 120 tonnes of lithium, enough for 60 days.",
                  actor=(["KR"], "Korea"), materials=(["lithium"], "lithium, "), action=("hold", "holds"),
                  quantity=({"tonnes": 120}, "120 tonnes"), days=(60, "60 days"))))


def chinese() -> Extraction:
    document = Document(
        id="chinese", title="关于对镓实施出口管制的公告", url="https://example.org/zh", source="示例公报",
        published="2026-03-11", language="zh", kind="notice", origin="demo/zh.html",
        text="商务部公告：对镓相关物项实施出口管制，稀土另行规定。自2026年4月1日起执行。")
    return Extraction(document, True, ("gallium", "rare-earths"), ("CN",), (), (), (
        event(document, "control_measure", "商务部公告：对镓相关物项实施出口管制，稀土另行规定。",
              measure=("export_control", "出口管制，"), issuer=(["CN"], "商务部"), materials=(["gallium"], "镓相关")),))


def hostile() -> Extraction:
    """Text that tries to run, to break the SQL, to turn the direction of reading and to hide half a character."""
    document = Document(
        id="<script>alert(0)</script>/../'", title='<script>alert("title")</script>', url="javascript:alert(1)",
        source="<b>bold</b>", published="2026-02-01", origin="demo/'; DROP TABLE events;--",
        text="Evil <script>alert(1)</script> & 'x'; DROP TABLE events;-- \u202eretfa\u202c \ud83d said it would halt "
             "cobalt output.\0")
    return Extraction(document, True, ("cobalt",), (), ("<script>alert(2)</script>",), (), (
        event(document, "production", document.text, action=("halted", "halt"), materials=(["cobalt"], "cobalt"),
              actor=(["<script>alert(2)</script>"], "<script>alert(1)</script>")),))


def numbered(number: int) -> Extraction:
    """One of any many small documents, with two events."""
    document = Document(id=f"n{number}", title=f"Note {number}", url=f"https://example.org/{number}",
                        published="2026-01-02", text=f"Chile exported {number + 1} t of lithium. Peru mined copper.")
    return Extraction(document, True, ("lithium", "copper"), ("CL", "PE"), (), (), (
        event(document, "trade_flow", f"Chile exported {number + 1} t of lithium.", direction=("export", "exported"),
              origin=(["CL"], "Chile"), materials=(["lithium"], "lithium"),
              quantity=({"tonnes": number + 1}, f"{number + 1} t")),
        event(document, "production", "Peru mined copper.", action=("produced", "mined"), actor=(["PE"], "Peru"),
              site=("PE", "Peru"), materials=(["copper"], "copper"))),
        (Mention("COUNTRY", "CL", *spans(document, "Chile")[0]),))
