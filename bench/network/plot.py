"""The network figures as one SVG: a small panel each, three bars, no library."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT, GAP, COLUMNS = 220, 200, 20, 5
FONT = 'font-family="system-ui, sans-serif" font-size="12" fill="#1d2433"'
BAR, FLOOR, TALL = 44, 150, 84
COLOURS = {"host": "#8a94a6", "routed": "#0b7a75", "overlay": "#d1495b"}
PANELS = {
    "one_stream_gbit": ("1 TCP stream", "Gbit/s, more is better"),
    "many_streams_gbit": ("16 TCP streams", "Gbit/s, more is better"),
    "connections_per_second": ("New connections", "per second, more is better"),
    "many_streams_cpu": ("CPU, 16 streams", "core seconds per GB, less is better"),
    "latency_median_us": ("Latency, median", "µs, less is better"),
    "latency_p99_us": ("Latency, p99", "µs, less is better"),
    "one_stream_cpu": ("CPU, 1 stream", "core seconds per GB, less is better"),
    "capped_one_stream_gbit": ("1 stream, 5 Gbit/s link", "Gbit/s, more is better"),
    "capped_many_streams_gbit": ("16 streams, 5 Gbit/s link", "Gbit/s, more is better"),
    "capped_cpu": ("CPU, 5 Gbit/s link", "core seconds per GB, less is better"),
}


def picture(result: dict[str, Any]) -> str:
    """Draw what `bench.network.run` measured."""
    rows = -(-len(PANELS) // COLUMNS)
    wide = COLUMNS * WIDTH + (COLUMNS + 1) * GAP
    tall = rows * HEIGHT + (rows + 1) * GAP + 40
    panels = [
        _panel(result, key, GAP + i % COLUMNS * (WIDTH + GAP), 64 + i // COLUMNS * (HEIGHT + GAP))
        for i, key in enumerate(PANELS)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" {FONT}>',
            f'<rect width="{wide}" height="{tall}" fill="#ffffff"/>',
            _text(GAP, 30, "Container to container across two zones", 18, weight=600),
            _text(GAP, 50, _conditions(result), 12, colour="#5b6475"),
            *panels,
            "</svg>\n",
        ]
    )


def _conditions(result: dict[str, Any]) -> str:
    computer = result["computer"]
    return (
        f"median of {result['rounds']} alternating rounds, {computer['cores']} cores for "
        f"everything, Linux {computer['kernel']}, {computer['measured']}"
    )


def _panel(result: dict[str, Any], key: str, x: int, y: int) -> str:
    title, unit = PANELS[key]
    medians = {name: result["median"][name][key] for name in COLOURS}
    most = max(medians.values()) or 1.0
    parts = [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#f5f7fa"/>',
        _text(x + 14, y + 22, title, 14, weight=600),
        _text(x + 14, y + 38, unit, 11, colour="#5b6475"),
    ]
    for index, (name, value) in enumerate(medians.items()):
        left, height = x + 20 + index * 68, round(TALL * value / most, 1)
        top = y + FLOOR - height
        ratio = 1.0 if name == "host" else result["ratio_to_host"][name][key]
        parts += [
            _bar(left, top, height, COLOURS[name]),
            _text(left + BAR / 2, top - 4, _short(value), 11, anchor="middle", weight=600),
            _text(left + BAR / 2, y + FLOOR + 16, name, 11, anchor="middle"),
            _text(left + BAR / 2, y + FLOOR + 32, f"{ratio:.2f}", 11, anchor="middle"),
        ]
    return "\n".join(parts)


def _bar(x: float, y: float, height: float, colour: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{BAR}" height="{height}" rx="3" fill="{colour}"/>'


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _text(  # noqa: PLR0913  (the attributes of one SVG element)
    x: float,
    y: float,
    text: str,
    size: int,
    *,
    weight: int = 400,
    colour: str = "#1d2433",
    anchor: str = "start",
) -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'
