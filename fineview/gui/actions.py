"""The one table of actions.  Menus, toolbar, shortcuts and the ``?`` overlay are all read from it."""

from __future__ import annotations

from typing import get_args

from fineview.core.evidence import Method
from fineview.gui.action_row import (
    Action,
    Run,
    has_anything,
    has_b_scans,
    has_frames,
    has_image,
    has_overlay,
    has_selected,
    has_study,
)
from fineview.gui.pane_actions import PANE_GESTURES, PANES, PRESETS
from fineview.services.wishes import OverlayKind, Tool


def _tool(name: Tool, title: str, key: str, tip: str, group: int) -> Action:
    assert name in get_args(Tool)
    return Action(f"tool-{name}", title, key, name, "Tools", tip, lambda d: d.bench.look.tool(name), has_image,
                  lambda s: s.tool == name, group)


def _overlay(kind: OverlayKind, title: str, key: str, tip: str, run: Run | None = None) -> Action:
    return Action(f"overlay-{kind}", title, key, "", "Overlays", tip,
                  run or (lambda d: d.bench.explain.toggle(kind)), has_image,
                  lambda s: s.overlay_wishes.kind == kind, 4)


_FILE = (
    Action("open-folder", "Open folder …", "Ctrl+O", "open", "File", "Open a folder of images",
           lambda d: d.open_folder(), toolbar=1),
    Action("open-files", "Open files …", "Ctrl+Shift+O", "files", "File", "Open files or a ZIP",
           lambda d: d.open_files()),
    Action("open-sample", "Open the sample study", "", "sample", "File", "A synthetic OCT volume with a photograph",
           lambda d: d.bench.open.sample()),
    Action("pacs", "PACS …", "Ctrl+P", "pacs", "File", "Search, retrieve and send; nothing is connected before you ask",
           lambda d: d.pacs()),
    Action("close-study", "Close the study", "Ctrl+W", "close", "File", "Back to the welcome page",
           lambda d: d.bench.open.close_study(), has_anything),
    Action("export", "Export report …", "Ctrl+E", "report", "File", "Write PDF, HTML, JSON or a DICOM SR",
           lambda d: d.export(), has_study, toolbar=1),
    Action("quit", "Quit", "Ctrl+Q", "quit", "File", "Everything acknowledged is already saved", lambda d: d.quit()),
)
_EDIT = (
    Action("undo", "Undo", "Ctrl+Z", "undo", "Edit", "Take back the last step",
           lambda d: d.bench.annotate.undo(), lambda s: bool(s.undo_name), toolbar=1,
           words=lambda s: s.undo_name or "Undo"),
    Action("redo", "Redo", "Ctrl+Shift+Z", "redo", "Edit", "Do it again",
           lambda d: d.bench.annotate.redo(), lambda s: bool(s.redo_name), toolbar=1,
           words=lambda s: s.redo_name or "Redo"),
    Action("accept", "Accept suggestion", "Ctrl+Return", "accept", "Edit", "It enters the report",
           lambda d: d.selected(d.bench.annotate.accept), has_selected),
    Action("reject", "Reject suggestion", "Ctrl+Backspace", "reject", "Edit", "It stays out of the report",
           lambda d: d.selected(d.bench.annotate.reject), has_selected),
    Action("label", "Edit label", "F2", "edit", "Edit", "Name the selected finding", lambda d: d.edit_label(),
           has_selected),
    Action("delete", "Delete mark", "Delete", "delete", "Edit", "Undo brings it back",
           lambda d: d.selected(d.bench.annotate.delete), has_selected),
    Action("fovea", "Mark the fovea at the cursor", "V", "fovea", "Edit", "Distances are measured from it",
           lambda d: d.mark_fovea(), has_image),
    Action("labels", "Edit the list of labels …", "", "edit", "Edit", "The words a mark may carry",
           lambda d: d.edit_labels()),
    Action("step-back", "Let go, stop, select nothing", "Escape", "close", "Edit", "Escape from what is under way",
           lambda d: d.step_back()),
)
_TOOLS = (
    _tool("window", "Window and level", "W", "Drag: width and level. The right button does it under every tool", 2),
    _tool("zoom", "Zoom", "Z", "Drag up or down. Ctrl+wheel does it under every tool", 2),
    _tool("pan", "Pan", "X", "Drag the picture. The middle button does it under every tool", 2),
    _tool("box", "Box", "B", "Draw a box", 3),
    _tool("ellipse", "Ellipse", "E", "Draw an ellipse", 3),
    _tool("polygon", "Polygon", "G", "Click vertices; double click or Enter closes it", 3),
    _tool("freehand", "Freehand", "F", "Draw an outline", 3),
    _tool("length", "Length", "T", "Draw a line to measure", 3),
    _tool("angle", "Angle", "6", "Click one arm's end, the apex, the other arm's end", 3),
    _tool("point", "Point", "C", "Set a point", 3),
)
_VIEW = (
    Action("fit", "Fit to window", "0", "fit", "View", "The whole picture", lambda d: d.fit(), has_image, toolbar=5),
    Action("one", "One to one", "1", "one", "View", "One column of pixels is one of the screen",
           lambda d: d.one_to_one(), has_image),
    Action("zoom-in", "Zoom in", "+", "zoom", "View", "Ctrl+wheel", lambda d: d.zoom(1.25), has_image),
    Action("zoom-out", "Zoom out", "-", "zoom", "View", "Ctrl+wheel", lambda d: d.zoom(0.8), has_image),
    Action("aspect", "True aspect", "Y", "aspect", "View", "Draw pixels in their real shape",
           lambda d: d.bench.look.toggle_aspect(), has_image, lambda s: s.view.true_aspect),
    Action("invert", "Invert", "I", "invert", "View", "Swap black and white", lambda d: d.bench.look.invert(),
           has_image, lambda s: s.view.inverted, toolbar=5),
    Action("flip-h", "Flip left and right", "H", "flip-h", "View", "Orientation markers follow",
           lambda d: d.bench.look.flip_horizontal(), has_image, toolbar=5),
    Action("flip-v", "Flip top and bottom", "Shift+H", "flip-v", "View", "Orientation markers follow",
           lambda d: d.bench.look.flip_vertical(), has_image),
    Action("rotate", "Rotate clockwise", "Ctrl+R", "rotate", "View", "By a quarter turn",
           lambda d: d.bench.look.rotate(1), has_image, toolbar=5),
    Action("reset", "Reset the view", "Shift+R", "reset", "View", "Window, flips and turns as the file says",
           lambda d: d.reset_view(), has_image),
    Action("planes", "Three planes", "7", "planes", "View", "Axial, coronal and sagittal through one point",
           lambda d: d.bench.planes.toggle(), has_frames, lambda s: s.planes is not None, toolbar=5),
    Action("maximise", "Picture alone", "F11", "maximise", "View", "Hide the panels, or bring them back",
           lambda d: d.maximise()),
    Action("browser", "Studies panel", "F8", "browser", "View", "Show or hide", lambda d: d.toggle_browser()),
    Action("side", "Side panel", "F9", "panel", "View", "Show or hide", lambda d: d.toggle_side()),
    Action("theme", "Dark or light", "F10", "theme", "View", "The ground behind pictures stays dark",
           lambda d: d.toggle_theme()),
)
_FRAMES = (
    Action("previous", "Previous frame", "PgUp", "", "Frames", "Wheel up", lambda d: d.bench.open.step(-1), has_frames),
    Action("next", "Next frame", "PgDown", "", "Frames", "Wheel down", lambda d: d.bench.open.step(1), has_frames),
    Action("back-ten", "Ten frames back", "Shift+PgUp", "", "Frames", "", lambda d: d.bench.open.step(-10), has_frames),
    Action("on-ten", "Ten frames on", "Shift+PgDown", "", "Frames", "", lambda d: d.bench.open.step(10), has_frames),
    Action("first", "First frame", "Home", "", "Frames", "", lambda d: d.bench.open.show_frame(0), has_frames),
    Action("last", "Last frame", "End", "", "Frames", "", lambda d: d.last_frame(), has_frames),
    Action("play", "Play or stop", "P", "play", "Frames", "At the speed set beside it", lambda d: d.play(), has_frames),
)
_OVERLAYS = (
    _overlay("raw", "Attention", "A", "Where the encoder looks"),
    _overlay("dar", "DAR", "D", "Attention redistributed to fine structure"),
    _overlay("mfp", "Pyramid", "M", "Feature pyramid; again: the next scale", lambda d: d.bench.explain.next_scale()),
    _overlay("lesion", "Lesions", "L", "Probability of suspected lesions"),
    Action("flip", "Flip to the other overlay", "3", "flip", "Overlays", "The last two choices change places",
           lambda d: d.bench.explain.flip(), has_image),
    Action("beside", "Two overlays side by side", "2", "beside", "Overlays", "The same picture twice, moved together",
           lambda d: d.bench.explain.beside("overlay"), has_image, lambda s: s.beside == "overlay", 5),
    Action("eye", "What the encoder saw", "4", "eye", "Overlays", "Its own input beside the file's pixels",
           lambda d: d.bench.explain.beside("eye"), has_image, lambda s: s.beside == "eye", 5),
    Action("chance", "Compare with chance", "5", "chance", "Overlays", "A random map in place of the overlay, and back",
           lambda d: d.bench.explain.chance(), has_image, lambda s: s.overlay_wishes.method is Method.RANDOM),
    Action("thickness", "Thickness map", "U", "", "Overlays", "Measure the volume between two layer lines",
           lambda d: d.thickness(), has_b_scans),
    Action("compare-thickness", "Compare thickness", "Shift+U", "", "Overlays",
           "What changed since the visit before, as a map and a table", lambda d: d.compare_thickness(), has_b_scans),
    Action("correct-lines", "Correct layer lines", "J", "", "Overlays", "Drag the measured lines on the B-scan",
           lambda d: d.correct_lines(), has_b_scans),
    Action("overlay-none", "No overlay", "N", "", "Overlays", "The picture alone",
           lambda d: d.bench.explain.overlay("none"), has_overlay),
    Action("analyse", "Analyse this frame", "R", "analyse", "Overlays", "Look for suspected lesions",
           lambda d: d.bench.explain.analyse(), has_image, toolbar=4),
    Action("suggestions", "Show suggested lesions", "S", "suggestions", "Overlays", "Dashed outlines until reviewed",
           lambda d: d.bench.explain.set(suggestions=not d.bench.session.overlay.suggestions), has_image,
           lambda s: s.overlay_wishes.suggestions),
    Action("lines", "Show layer lines", "K", "", "Overlays", "Those that the file itself holds",
           lambda d: d.bench.explain.set(lines=not d.bench.session.overlay.lines), has_image,
           lambda s: s.overlay_wishes.lines),
    Action("objects", "Show objects of other sources", "O", "", "Overlays",
           "Segmentations, contours, reports and overlays of the files", lambda d: d.bench.companions.switch_all(),
           lambda s: bool(s.companions.rows), lambda s: not s.companions.all_off),
    Action("fainter", "Overlay fainter", "[", "", "Overlays", "", lambda d: d.bench.explain.step_opacity(-0.1),
           has_overlay),
    Action("stronger", "Overlay stronger", "]", "", "Overlays", "", lambda d: d.bench.explain.step_opacity(0.1),
           has_overlay),
)
_HELP = (
    Action("ask", "Ask about the region", "Q", "send", "Help", "Puts the cursor into the question field",
           lambda d: d.ask(), has_image),
    Action("advice", "Which encoder? …", "", "advice", "Help", "What was measured for this task, and when",
           lambda d: d.advise()),
    Action("card", "Model card …", "", "about", "Help", "The encoder in force: training, measured figures, limits",
           lambda d: d.model_card()),
    Action("plugins", "Plugins …", "", "about", "Help", "Readers for more kinds of files, each on or off",
           lambda d: d.plugins()),
    Action("memory", "Memory for pictures …", "", "about", "Help", "How much may be used, and what uses it",
           lambda d: d.memory()),
    Action("modalities", "Why image and text differ …", "", "about", "Help", "Kinds of data side by side",
           lambda d: d.explain_modalities()),
    Action("shortcuts", "Keys and mouse", "?", "keys", "Help", "All shortcuts on one page", lambda d: d.shortcuts()),
    Action("about", "About FineView", "F1", "about", "Help", "Version, model, licences", lambda d: d.about()),
)
ACTIONS: tuple[Action, ...] = (*_FILE, *_EDIT, *_VIEW, *PANES, *PRESETS, *_TOOLS, *_FRAMES, *_OVERLAYS,
                               *_HELP)

# What the mouse and held keys do; shown on the same page as the table above.
GESTURES: tuple[tuple[str, str], ...] = (
    ("Space, held", "hide all overlays and marks"), ("Wheel", "frames"), ("Ctrl+wheel", "zoom about the cursor"),
    ("Right drag", "window and level"), ("Middle drag", "pan"), ("Double click", "picture alone, or close a polygon"),
    ("Click a mark", "select it; drag it or its handles to change it"),
    ("Enter", "set a mark of the chosen tool down in the middle of the picture, or close a polygon"),
    ("Arrows", "move the selected mark by a pixel, with Shift by ten; Ctrl pulls its last corner, Alt its first;"
     " look around where none is selected"),
    ("Click the localizer", "go to the nearest B-scan"),
    *PANE_GESTURES,
    ("Click or drag in a plane", "the three planes cross there, and the nearest frame is shown"),
    ("Arrows in a plane", "move where the planes cross by a pixel"),
    ("Shift on map or localizer", "the B-scan follows the mouse"),
    ("Drag the cross", "move the ETDRS grid of the thickness map"))
