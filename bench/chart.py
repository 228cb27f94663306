"""Bar charts as SVG, written by hand: a panel for each work, a bar for each peer."""

from html import escape
from statistics import median

from units import METRICS, written

WIDTH, PANEL_GAP, MARGIN = 860, 22, 16
ROW, BAR, TITLE = 20, 13, 26
LABELS, VALUES = 190, 190  # room left and right of the bars
OURS, OTHERS, SECOND = "#1b7f4d", "#9aa5b1", "#4a5560"
CUT = 4  # bars longer than this many medians are cut, or they would flatten all others


def text(x: float, y: float, content: str, extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {extra}>{escape(content)}</text>'


def bar(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}" '
        f'fill="{fill}"/>'
    )


def panel(work: str, rows: list[dict], first: str, second: str | None, top: float) -> list[str]:
    """Bars of `first`, shortest on top; `second` is a darker bar inside, or written beside."""
    values = [row["median"][first] for row in rows]
    most = min(max(values), CUT * median(values)) or 1
    room = WIDTH - 2 * MARGIN - LABELS - VALUES
    same_unit = second is not None and METRICS[first].unit == METRICS[second].unit
    parts = [text(MARGIN, top + 15, work, 'font-weight="bold"')]
    for index, row in enumerate(sorted(rows, key=lambda row: row["median"][first])):
        y = top + TITLE + index * ROW
        left = MARGIN + LABELS
        value = row["median"][first]
        length = room * min(value, most) / most
        weight = 'font-weight="bold"' if row["ours"] else ""
        parts.append(text(left - 8, y + 11, row["peer"], f'text-anchor="end" {weight}'))
        parts.append(bar(left, y, length, BAR, OURS if row["ours"] else OTHERS))
        label = written(first, value)
        if second is not None:
            inner = row["median"][second]
            label += f" · {METRICS[second].title.split('/')[0]} {written(second, inner)}"
            if same_unit:
                parts.append(bar(left, y + BAR - 4, room * min(inner, most) / most, 4, SECOND))
        if value > most:
            parts.append(bar(left + length - 14, y - 1, 4, BAR + 2, "#ffffff"))
        parts.append(text(left + length + 6, y + 11, label, weight))
    return parts


def chart(title: str, rows: list[dict], first: str, second: str | None) -> str:
    """The SVG of one group. `rows` are results as JSON, in the order of their works."""
    parts: list[str] = []
    top = MARGIN + 34.0
    works = dict.fromkeys(row["work"] for row in rows)
    for work in works:
        of_work = [row for row in rows if row["work"] == work]
        parts += panel(work, of_work, first, second, top)
        top += TITLE + len(of_work) * ROW + PANEL_GAP
    caption = f"{METRICS[first].title}, shorter is better; a gap marks a bar cut short"
    if second is not None and METRICS[first].unit == METRICS[second].unit:
        caption += f"; the dark line is {METRICS[second].title}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" '
            f'width="{WIDTH}" height="{top:.0f}" font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{top:.0f}" fill="#ffffff"/>',
            text(MARGIN, MARGIN + 8, title, 'font-size="16" font-weight="bold"'),
            text(MARGIN, MARGIN + 25, caption, 'fill="#555555"'),
            *parts,
            "</svg>\n",
        ]
    )
