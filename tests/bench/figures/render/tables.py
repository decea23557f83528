# SPDX-License-Identifier: BSD-3-Clause
"""Markdown tables."""


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def ms(value):
    """Three digits, or a dash for what was not measured."""
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
