"""Tab goes where the eye goes: parts in the order in which they are laid out, also those that came later."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QScrollArea, QSplitter, QStackedWidget, QTabWidget, QWidget


def neighbour(root: QWidget, now: QWidget | None, forward: bool) -> QWidget | None:
    """What takes the keys after (or before) ``now``, round and round; None where nothing in ``root`` can."""
    stops = [one for one in _in_order(root) if one.focusPolicy() & Qt.FocusPolicy.TabFocus
             and one.focusProxy() is None and one.isVisible() and one.isEnabled()]
    if not stops:
        return None
    # Keys may be with a part of a stop: the line of a spin box.
    here = next((i for i, one in enumerate(stops) if now is not None and one is now), None)
    if here is None:
        around = [i for i, one in enumerate(stops) if now is not None and one.isAncestorOf(now)]
        here = around[-1] if around else (-1 if forward else 0)
    return stops[(here + (1 if forward else -1)) % len(stops)]


def _in_order(widget: QWidget) -> Iterator[QWidget]:
    yield widget
    for part in _parts(widget):
        yield from _in_order(part)


def _parts(widget: QWidget) -> Iterator[QWidget]:
    if isinstance(widget, QSplitter | QStackedWidget):
        yield from (widget.widget(index) for index in range(widget.count()))
    elif isinstance(widget, QTabWidget):
        yield widget.tabBar()
        yield from (widget.widget(index) for index in range(widget.count()))
    elif isinstance(widget, QScrollArea) and widget.widget() is not None:
        yield widget.widget()
    elif not widget.focusPolicy() & Qt.FocusPolicy.TabFocus:  # what takes keys itself deals them out itself
        laid = list(_of_layout(widget.layout())) if widget.layout() is not None else []
        yield from laid
        loose = [one for one in widget.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
                 if one not in laid and not one.isWindow()]
        yield from sorted(loose, key=lambda one: (one.y(), one.x()))


def _of_layout(layout: QLayout) -> Iterator[QWidget]:
    for index in range(layout.count()):
        item = layout.itemAt(index)
        inner, widget = item.layout(), item.widget()
        if widget is not None:
            yield widget
        elif inner is not None:
            yield from _of_layout(inner)
