"""Goods crossing a border: a volume, a share or a stop, with whence and whither.

Each figure of a sentence is a flow of its own. What it leaves unsaid (direction, reporter, material, period) is carried
over from the figure before it, as readers do: "China sent 243 t abroad … June accounted for 42 t: 25 t to Japan".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from extractor.events.claims import claim
from extractor.events.figures import base_of_comparison, change, period, unsigned_share
from extractor.events.notice import authority
from extractor.events.page import Draft, Page, Sentence, distinct_ids, grouped, is_figure_line, is_place, mass, spans
from extractor.events.roles import Route, part_of, route
from extractor.schema import Mention, Span

_ZERO = re.compile(
    r"\b(?:no|nothing|zero|nil|not a single|none)\b(?=(?:\s+[\w’',-]+){0,9}?\s+(?:exports?|imports?|shipments?|cargo(?:es)?|deliveries|went|reached|arriv\w+|left|sold|exported|imported|shipped|sent|landed|entered|crossed|flows?|moved)\b)",
    re.I,
)
_ZERO_OBJECT = re.compile(
    r"\b(?:exported|imported|shipped|sold|sent|bought|received)\s+(?P<zero>no|nothing|none)\b", re.I
)
_TITLED = re.compile(r"\b(?:(?P<out>exports?|shipments)|imports?|arrivals)\b", re.I)
_REMAINDER = re.compile(r"\b(?:balance|rest|remainder)\b", re.I)


@dataclass(slots=True)
class Frame:
    """What the flow told last was about."""

    paragraph: int = -9
    direction: str = ""
    origin: list[Mention] = field(default_factory=list)
    destination: list[Mention] = field(default_factory=list)
    materials: list[Mention] = field(default_factory=list)
    period: tuple[str, list[Span]] | None = None


def find(page: Page) -> Iterator[Draft]:
    frame = Frame()
    for sentence in page.sentences:
        if sentence.row:
            continue
        yield from _sentence(page, sentence, frame)


def _sentence(page: Page, sentence: Sentence, frame: Frame) -> Iterator[Draft]:
    figures = [m for m in sentence.of("QUANTITY") if claim(page, sentence, m) == "trade_flow"]
    going_on = 0 <= sentence.paragraph - frame.paragraph <= 1 and bool(sentence.of("COUNTRY"))
    ours = ("trade_flow", "") if going_on else ("trade_flow",)  # "Canada was first with 33%" goes on with the shares
    shares = [m for m in sentence.of("PERCENT") if unsigned_share(page, m) and claim(page, sentence, m) in ours]
    anchors = figures + [s for s in shares if not _belongs_to(page, sentence, s, figures)]
    if not anchors:
        stops = list(_stops(page, sentence, frame))
        yield from stops or _bare_change(page, sentence, frame)
        return
    direction = _direction(page, sentence, frame=frame) or (
        frame.direction if sentence.paragraph - frame.paragraph <= 1 else ""
    )
    if not direction:
        return
    whole = route(page, sentence, sentence.start, sentence.end, direction)
    spots = [(m.start, m.end) for m in sentence.of("QUANTITY")]
    for anchor in sorted(anchors, key=lambda m: m.start):
        if not page.stated(anchor.start, anchor.end) or _denied(page, sentence, anchor):
            continue
        if base_of_comparison(page, sentence, anchor.start):
            continue
        draft = Draft("trade_flow", sentence)
        local = (
            _spoken(sentence, anchor)
            or _direction(page, sentence, *sentence.clause(anchor.start), frame=frame)
            or direction
        )
        draft.set("direction", local, sentence.cue("export", "import")[:1])
        _places(page, sentence, draft, anchor, anchors, _turned(whole) if local != direction else whole, frame)
        here = (anchor.start, anchor.end)
        materials, implied = page.materials_of(sentence, anchor)
        if implied and frame.materials and sentence.paragraph - frame.paragraph <= 0:
            materials = frame.materials
        draft.set("materials", distinct_ids(materials), spans(materials), implied=implied)
        if anchor.label == "QUANTITY":
            value = mass(anchor)
            draft.set("quantity", value, [here])
            if moved := change(page, sentence, here, spots):
                draft.set("change_pct", moved[0], moved[1])
            elif len(anchors) == 1 and (flat := sentence.cue("unchanged")):
                draft.set("change_pct", 0, flat[:1])
        if share := _share(page, sentence, anchor, shares, spots):
            draft.set("share_pct", (share.value or {})["pct"], spans([share]))
        when = period(page, sentence, here, spots)
        if when:
            draft.set("period", when[0], when[1])
        elif frame.period and sentence.paragraph - frame.paragraph <= (0 if sentence.of("DATE") else 1):
            draft.set("period", frame.period[0], frame.period[1], implied=True)
        elif not sentence.of("DATE") and (told := _told_for(page)) is not None:
            draft.set("period", told.id, spans([told]), implied=True)
        if worth := _worth(sentence, anchor):
            draft.set("value", dict(worth.value or {}), spans([worth]))
        if not (draft.get("origin") or draft.get("destination")) or not draft.get("materials"):
            continue
        draft.confidence = 0.85 - 0.1 * len(draft.implied)
        _remember(frame, sentence, draft, page, when, materials)
        yield draft
    if remainder := _REMAINDER.search(sentence.text):
        yield from _balance(page, sentence, remainder, direction, frame)


def _told_for(page: Page) -> Mention | None:
    """The month, quarter or year whose trade the whole document tells: named in its title or lead beside the trade."""
    if "told_for" not in page.memo:
        lead = [s for s in page.sentences if s.start < page.title_end + 400 and s.cue("export", "import")][:3]
        spans_of_time = [
            d for s in lead for d in s.of("DATE") if len(d.id) != 10 and d.id[:10] <= (page.published or "9")
        ]
        page.memo["told_for"] = spans_of_time[0] if spans_of_time else None
    return page.memo["told_for"]


def _turned(whole: Route) -> Route:
    """The same reporter seen from the other side: who exported the one thing imported the other."""
    return Route(
        whole.destination, whole.origin, {"origin": "destination", "destination": "origin"}.get(whole.reporter, "")
    )


def _spoken(sentence: Sentence, anchor: Mention) -> str:
    """Where a sentence exports and imports, the word that stands last before the figure."""
    told = [(span, "export") for span in sentence.cue("export")] + [(span, "import") for span in sentence.cue("import")]
    if len({direction for _, direction in told}) < 2:
        return ""
    before = [t for t in told if t[0][1] <= anchor.start]
    return max(before)[1] if before else ""


def _direction(page: Page, sentence: Sentence, start: int = 0, end: int = 1 << 60, frame: Frame | None = None) -> str:
    """`export` or `import`: by the word itself, else as told before ("China took 16,300 t of it"), else by who sends or takes."""
    exports, imports = sentence.cue("export", start=start, end=end), sentence.cue("import", start=start, end=end)
    if exports and imports:
        return "export" if exports[0] < imports[0] else "import"
    if exports or imports:
        return "export" if exports else "import"
    listed = re.search(
        r"\b(?:(?P<out>buyers|customers|destinations|markets)|(?P<in>suppliers|sources))\b[^.;]{0,60}\b(?:were|are|was|is)\b",
        sentence.text,
    )
    if listed:
        return "export" if listed["out"] else "import"
    if is_figure_line(sentence) and (titled := _TITLED.search(page.text[: page.title_end])):
        return "export" if titled["out"] else "import"
    close = frame is not None and sentence.paragraph - frame.paragraph <= 1
    if (
        frame is not None
        and close
        and (
            (frame.direction == "export" and sentence.cue("take"))
            or (frame.direction == "import" and sentence.cue("ship", "supply"))
        )
    ):
        return frame.direction
    text = page.text[max(start, sentence.start) : min(end, sentence.end)]
    if re.search(
        r"\b(?:took in|takes in|taking in|bought|purchased|received|got|brought in|arriv\w+|landed|bought from|purchased from|sourced from|brought in|received from|reach(?:ed|es) (?:the )?[A-Z])",
        text,
    ):
        return "import"
    if re.search(
        r"\b(?:abroad|overseas|left (?:the )?[A-Z]\w+|left [A-Z]?\w+ ports|shipped to|sent to|went to|bound for|sold to|sent \w+|deliver\w+ to|"
        r"shipments (?:of [\w\s-]+ )?(?:to|abroad)|to (?:the )?[A-Z][a-z]+)\b",
        text,
    ) and sentence.cue("ship", "export"):
        return "export"
    shipped = re.search(r"\b(?:shipped|sent out|sent|sold|ships|dispatched)\b", text)
    if shipped and [m for m in sentence.of("COUNTRY") if m.end <= max(start, sentence.start) + shipped.start()]:
        return "export"
    return ""


def _denied(page: Page, sentence: Sentence, anchor: Mention) -> bool:
    before = page.before(anchor.start, 30)
    return bool(re.search(r"\b(?:not|never)\s+(?:[\w-]+\s+){0,2}$", before)) and not re.search(r"not only\s+$", before)


def _belongs_to(page: Page, sentence: Sentence, share: Mention, figures: list[Mention]) -> bool:
    """Whether a share is said of a volume beside it ("17.3 Mt, or 84%") rather than being a flow of its own."""
    if not figures:
        return False
    nearest = min(figures, key=lambda f: abs(f.start - share.start))
    between = page.text[min(nearest.end, share.end) : max(nearest.start, share.start)]
    if len(between) > 80 or ";" in between:
        return False
    return not any(nearest.end <= c.start < share.start for c in sentence.of("COUNTRY")) or bool(
        re.search(r"\bor\b|\(|share", between)
    )


def _share(page: Page, sentence: Sentence, anchor: Mention, shares: list[Mention], spots: list[Span]) -> Mention | None:
    if anchor.label == "PERCENT":
        return anchor
    for share in shares:
        if _belongs_to(page, sentence, share, [anchor]):
            rivals = [s for s in spots if abs(s[0] - share.start) < abs(anchor.start - share.start)]
            if not rivals:
                return share
    return None


def _places(
    page: Page, sentence: Sentence, draft: Draft, anchor: Mention, anchors: list[Mention], whole: Route, frame: Frame
) -> None:
    """Origin and destination: what stands beside the figure, then what the sentence says, then the frame."""
    direction = draft.slots["direction"]
    beside = _respective(page, sentence, anchor, anchors, direction) or _beside(
        page, sentence, anchor, anchors, direction
    )
    origin, destination = list(whole.origin), list(whole.destination)
    if beside:
        part, group = beside
        several = len(anchors) > 1
        if part == "destination":
            destination = group
            origin = [m for m in origin if m not in group]
        else:
            origin = group
            destination = [m for m in destination if m not in group]
        if several and part == "destination" and not origin:
            origin = frame.origin
        if several and part == "origin" and not destination:
            destination = frame.destination
    elif len(anchors) > 1:
        # A total beside its parts: countries that belong to another figure of the list are not its own.
        others = [
            m
            for a in anchors
            if a is not anchor
            for m in (_beside(page, sentence, a, anchors, direction) or ("", []))[1]
        ]
        origin = [m for m in origin if m not in others]
        destination = [m for m in destination if m not in others]
    pronoun = re.search(
        r"\b[Ii]t (?:also )?(?:exported|imported|shipped|sent|bought|sold|supplied|took)\b", sentence.text
    )
    if pronoun and sentence.index and not origin:
        subject = [m for m in page.sentences[sentence.index - 1].of("COUNTRY") if not is_place(m)][:1]
        if subject and direction == "export":
            origin = [m for m in subject if m.id not in {d.id for d in destination}]
    if direction == "export" and not origin:
        actor = next(
            (
                m
                for m in sentence.of("COUNTRY")
                if m.start < anchor.start
                and not is_place(m)
                and m.id not in {d.id for d in destination}
                and not re.search(r"\b(?:to|in|for|into|at|from|against|of)\s+(?:the\s+)?$", page.before(m.start, 12))
            ),
            None,
        )
        origin = [actor] if actor else []
    close = sentence.paragraph - frame.paragraph <= 1
    if not origin and not destination and close:
        same = frame.direction == direction
        if same:
            origin = frame.origin if direction == "export" else []
            destination = frame.destination if direction == "import" else []
            draft.implied |= {"origin", "destination"}
    if direction == "export" and not origin and close and frame.direction == "export":
        origin = frame.origin
        draft.implied.add("origin")
    if direction == "import" and not destination and close and frame.direction == "import":
        destination = frame.destination
        draft.implied.add("destination")
    if page.kind == "notice" and direction == "import" and not origin:
        named = [m for m in page.title_mentions if m.label == "COUNTRY"]
        origin = next(
            (
                g
                for g in grouped(page.text, named)
                if re.search(r"\b(?:from|originating in)\s+(?:the\s+)?$", page.before(g[0].start, 24), re.I)
            ),
            [],
        )
        draft.implied.add("origin")
    home = _home(page, direction, sentence)
    if home is not None and direction == "export" and not origin and home.id not in {m.id for m in destination}:
        origin = [home]
        draft.implied.add("origin")
    if home is not None and direction == "import" and not destination and home.id not in {m.id for m in origin}:
        destination = [home]
        draft.implied.add("destination")
    if not origin and not destination:
        first = next((m for m in sentence.of("COUNTRY") if m.start < anchor.start and not is_place(m)), None)
        if first is None and (first := page.main_country) is not None:
            draft.implied.add("origin")
        if first is not None and direction == "export":
            origin = [first]
        elif first is not None:
            destination = [first]
    origin = [m for m in origin if m.id not in {d.id for d in destination}]
    draft.set("origin", _codes(page, origin), spans(origin), implied="origin" in draft.implied)
    draft.set("destination", _codes(page, destination), spans(destination), implied="destination" in draft.implied)


def _codes(page: Page, places: list[Mention]) -> list[str]:
    return list(dict.fromkeys(page.country_of(m) for m in places))


def _home(page: Page, direction: str, sentence: Sentence) -> Mention | None:
    """Whose trade is told of: "its" points to the sentence before, "the company's" to the company's country; else the
    notice's issuer, else the country that the document is about."""
    if (
        re.search(
            r"\b(?:its|their|the country['’]s)\s+(?:[\w-]+\s+){0,3}?(?:imports?|exports?|purchases|shipments|sales)\b",
            sentence.text,
        )
        and sentence.index
    ):
        earlier = page.sentences[sentence.index - 1]
        subject = next((m for m in earlier.of("COUNTRY") if not is_place(m)), None)
        if subject is not None and earlier.paragraph == sentence.paragraph:
            return subject
    if re.search(
        r"\b(?:the (?:company|group|miner|producer)['’]s|its)\s+(?:[\w-]+\s+){0,2}?(?:exports?|shipments|sales)\b",
        sentence.text,
        re.I,
    ):
        for earlier in reversed(page.sentences[max(0, sentence.index - 2) : sentence.index]):
            owned = [m for m in earlier.of("COMPANY") if page.country_of(m)]
            if owned:
                code = page.country_of(owned[-1])
                return page.first_country.get(code)
    if page.kind == "notice" and (issuer := authority(page)) is not None:
        code = page.country_of(issuer)
        return page.first_country.get(code, issuer)
    return page.main_country


def _respective(
    page: Page, sentence: Sentence, anchor: Mention, anchors: list[Mention], direction: str
) -> tuple[str, list[Mention]] | None:
    """ "Congo and Australia supplied 1,980 tons and 1,150 tons, respectively": the n-th country of the n-th figure."""
    word = re.search(r"\brespectively\b", sentence.text, re.I)
    if not word:
        return None
    for group in grouped(page.text, [m for m in sentence.of("COUNTRY") if not is_place(m)]):
        listed = [
            a for a in sorted(anchors, key=lambda a: a.start) if a.start > group[0].start or len(anchors) == len(group)
        ]
        listed = [a for a in listed if abs(a.start - group[-1].end) < 160][-len(group) :]
        if len(group) < 2 or len(listed) != len(group) or anchor not in listed:
            continue
        part = part_of(page, group, direction)
        after = page.after(group[-1].end, 60)
        if re.match(
            r"\s+(?:[\w-]+\s+){0,2}(?:suppl\w+|deliver\w+|contribut\w+|provid\w+|sent|shipped|accounted|sold|export\w+)",
            after,
        ):
            part = "origin"
        elif re.match(r"\s+(?:[\w-]+\s+){0,2}(?:took|lifted|bought|received|absorbed|import\w+)", after):
            part = "destination"
        part = {"exporter": "origin", "importer": "destination"}.get(part, part) or (
            "origin" if direction == "import" else "destination"
        )
        return part, [group[listed.index(anchor)]]
    return None


def _beside(
    page: Page, sentence: Sentence, anchor: Mention, anchors: list[Mention], direction: str
) -> tuple[str, list[Mention]] | None:
    """The country that a figure in a list is tied to: "25 t to Japan", "Vietnam 221 t", "Japan (12 t)"."""
    following = [a.start for a in anchors if a.start > anchor.start]
    stop = min(following, default=sentence.end)
    groups = grouped(page.text, [m for m in sentence.of("COUNTRY") if not is_place(m)])
    for group in groups:
        if anchor.end <= group[0].start < stop:
            link = page.text[anchor.end : group[0].start]
            if re.search(r"\b(?:and|while|but|those)\b", link):
                continue
            if re.fullmatch(
                r"[\s,]*(?:\([^)]*\)\s*)?(?:of (?:it|that|this|them)\s+)?(?:[\w-]+\s+){0,4}(?:to|into|for|from|by|in|were bound for|was bound for|bound for|went to|headed for|came from|reached)\s+(?:the\s+|mainland\s+)?",
                link,
                re.I,
            ):
                source = re.search(r"\b(?:from|by)\s+(?:the\s+)?$", link, re.I)
                if re.search(r"\bin\s+$", link) and direction == "export":
                    continue
                if re.search(r"taken by|bought by|imported by", link):
                    return "destination", group
                return ("origin" if source else "destination"), group
    previous = max((a.end for a in anchors if a.end <= anchor.start), default=sentence.start)
    for group in reversed(groups):
        if previous <= group[0].start and group[-1].end <= anchor.start:
            link = re.sub(
                r", (?:which|who|whose)\b[^,]*(?:,[^,]*)?,", "", page.text[group[-1].end : anchor.start], count=1
            )
            if re.fullmatch(r"\s*[,:(]?\s*(?:with|at|about|around|some|roughly)?\s*", link, re.I):
                part = part_of(page, group, direction)
                if part in ("origin", "destination"):
                    return part, group
                return ("destination" if direction == "export" else "origin"), group
            if len(anchors) > 1 and re.fullmatch(
                r"\s+(?:[\w-]+\s+){0,3}(?:took|takes|received|bought|taking|absorbed|imported)\s+(?:[\w-]+\s+){0,3}",
                link,
                re.I,
            ):
                return "destination", group
            if len(anchors) > 1 and re.fullmatch(
                r"\s+(?:[\w-]+\s+){0,3}(?:supplied|shipped|sent|provided|sold|delivered|contributed|accounted for)\s+(?:[\w-]+\s+){0,4}",
                link,
                re.I,
            ):
                return "origin", group
            told = part_of(page, group, direction)
            if (
                told in ("origin", "destination")
                and re.search(r"\b(?:from|to)\s+(?:the\s+)?$", page.before(group[0].start, 10))
                and re.fullmatch(
                    r"\s+(?:[\w%.’'-]+\s+){0,5}(?:at|to|of|were|was|totalled|reached|with)\s+(?:[\w-]+\s+){0,2}", link
                )
                and not re.search(r"\band\b|%\s+to\b", link[:4])
            ):
                return told, group
            if re.fullmatch(
                r"(?:['’]s)?\s+(?:was|were|is|remained|share|held|has|had|made|makes|accounted)\b(?:[\w\s-]|,(?= \d)){0,40}\b(?:with|at|of|was|to|for|up|share)\s+(?:[\w-]+\s+){0,2}",
                link,
                re.I,
            ):
                buyer = re.search(r"\b(?:buyer|destination|customer|market|importer|taker)s?\b", link)
                return (
                    "destination"
                    if buyer or (direction == "export" and not re.search(r"suppl|source|origin|export", link))
                    else "origin"
                ), group
            break
    if (
        re.match(r"\W*(?:It|They)\b", sentence.text)
        and sentence.index
        and not [g for g in groups if g[-1].end <= anchor.start]
    ):
        subject = [m for m in page.sentences[sentence.index - 1].of("COUNTRY") if not is_place(m)][:1]
        if subject:
            taking = sentence.cue("take") and not sentence.cue("ship", "supply", "export")
            return ("destination" if taking else "origin"), subject
    return None


def _worth(sentence: Sentence, anchor: Mention) -> Mention | None:
    """The money that a volume was worth, standing close behind it."""
    for money in sentence.of("MONEY"):
        lone = len(sentence.of("QUANTITY")) == 1 and len(sentence.of("MONEY")) == 1
        if money.value and not money.value.get("per") and 0 <= money.start - anchor.end < (140 if lone else 60):
            return money
    return None


def _bare_change(page: Page, sentence: Sentence, frame: Frame) -> Iterator[Draft]:
    """ "China's exports of magnets fell 9.2% in January": a flow of which only the change is told."""
    cues = sentence.cue("export", "import")
    if not cues or sentence.heading or sentence.of("QUANTITY") or sentence.of("MONEY") or not sentence.of("MATERIAL"):
        return
    direction = _direction(page, sentence, frame=frame)
    found = route(page, sentence, sentence.start, sentence.end, direction)
    moved = change(page, sentence, cues[0], [])
    near = moved and any(abs(a - cues[0][1]) < 80 for a, _ in moved[1])
    if (
        not direction
        or not (found.origin or found.destination)
        or not moved
        or not near
        or not page.stated(*moved[1][0])
    ):
        return
    materials, _ = page.materials_near(sentence, cues[0][0])
    draft = Draft("trade_flow", sentence, confidence=0.6)
    draft.set("direction", direction, cues[:1])
    draft.set("origin", _codes(page, found.origin), spans(found.origin))
    draft.set("destination", _codes(page, found.destination), spans(found.destination))
    draft.set("materials", distinct_ids(materials), spans(materials))
    draft.set("change_pct", moved[0], moved[1])
    when = period(page, sentence, cues[0], [])
    if when:
        draft.set("period", when[0], when[1])
    _remember(frame, sentence, draft, page, when, materials)
    yield draft


def _stops(page: Page, sentence: Sentence, frame: Frame) -> Iterator[Draft]:
    """ "no dysprosium has reached Japan", "Nothing at all went to the United States": a flow of zero."""
    zero = _ZERO.search(sentence.text) or _ZERO_OBJECT.search(sentence.text)
    moved = sentence.cue("export", "import", "ship", "take")
    if (
        not zero
        or not moved
        or re.search(
            r"\b(?:ban|licen[cs]e|permit|restriction|duty|change|control|quota|decision|rule)s?\b", sentence.text, re.I
        )
    ):
        return
    at = sentence.start + (zero.start("zero") if "zero" in zero.groupdict() else zero.start())
    if not page.stated(at, at + 2) or moved[-1][0] < at - 20:
        return
    direction = (
        _direction(page, sentence)
        or frame.direction
        or ("import" if re.search(r"\breach", sentence.text) else "export")
    )
    found = route(page, sentence, sentence.start, sentence.end, direction)
    origin, destination = found.origin, found.destination
    close = sentence.paragraph - frame.paragraph <= 1
    implied = not origin
    if not origin and direction == "export" and close:
        origin = frame.origin
    if not origin and not destination:
        return
    home = _home(page, direction, sentence)
    if home is not None and direction == "import" and not destination and home.id not in {m.id for m in origin}:
        destination = [home]
    materials, carried = page.materials_near(sentence, at)
    draft = Draft("trade_flow", sentence, confidence=0.7)
    draft.set("direction", direction, moved[:1])
    draft.set("origin", _codes(page, origin), spans(origin), implied=implied)
    draft.set("destination", _codes(page, destination), spans(destination))
    draft.set("materials", distinct_ids(materials), spans(materials), implied=carried)
    draft.set("quantity", {"tonnes": 0}, [(at, at + len(zero[0]))])
    if when := period(page, sentence, (at, at + 2), []):
        draft.set("period", when[0], when[1])
    elif dates := sentence.of("DATE"):
        draft.set("period", dates[0].id, spans(dates[:1]))
    elif frame.period and close:
        draft.set("period", frame.period[0], frame.period[1], implied=True)
    if not draft.get("materials"):
        return
    far, places = ("destination", destination) if direction == "export" else ("origin", origin)
    for place in places if len(places) > 1 else ():
        one = Draft(draft.type, sentence, dict(draft.slots), dict(draft.evidence), set(draft.implied), draft.confidence)
        yield one.set(far, [place.id], spans([place]))
    if len(places) < 2:
        yield draft


def _balance(page: Page, sentence: Sentence, match: re.Match[str], direction: str, frame: Frame) -> Iterator[Draft]:
    """ "and the balance to the Netherlands": a flow without a volume."""
    at = sentence.start + match.end()
    target = next((m for m in sentence.of("COUNTRY") if 0 <= m.start - at < 30), None)
    if target is None or direction != "export" or not frame.origin or target.id in {m.id for m in frame.origin}:
        return
    draft = Draft("trade_flow", sentence, confidence=0.6)
    draft.set("direction", direction, sentence.cue("export")[:1])
    draft.set("origin", distinct_ids(frame.origin), spans(frame.origin), implied=True)
    draft.set("destination", [target.id], spans([target]))
    draft.set("materials", distinct_ids(frame.materials), spans(frame.materials), implied=True)
    if frame.period:
        draft.set("period", frame.period[0], frame.period[1], implied=True)
    yield draft


def _remember(
    frame: Frame,
    sentence: Sentence,
    draft: Draft,
    page: Page,
    when: tuple[str, list[Span]] | None,
    materials: list[Mention],
) -> None:
    known = page.at
    frame.paragraph, frame.direction = sentence.paragraph, draft.slots["direction"]
    frame.materials = materials
    frame.period = when or frame.period
    origin = [known[s] for s, _ in draft.evidence.get("origin", []) if s in known]
    destination = [known[s] for s, _ in draft.evidence.get("destination", []) if s in known]
    if frame.direction == "export" and origin:
        frame.origin = origin
    if frame.direction == "import" and destination:
        frame.destination = destination
