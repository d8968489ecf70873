"""What the overlay shows and how: every field of ``OverlayWishes``, and who computed it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from fineview.core.evidence import Method, Task
from fineview.core.labels import LABELS
from fineview.gui.panels.choices import choose, combo, overlays, refill
from fineview.gui.panels.compare import Compare
from fineview.gui.panels.dar_controls import DarControls
from fineview.gui.panels.encoder_row import EncoderRow
from fineview.gui.panels.identity import Identity
from fineview.gui.wording import tr
from fineview.services.snapshot import EncoderChoice, ViewState
from fineview.services.wishes import OverlayWishes
from fineview.services.workbench import Workbench

_MODES = (("energy", "energy"), ("pca", "three components as colour"), ("channel", "one channel"))


# A scale alone, or a coarse one together with the finest: (scale, second scale or 0), kept as text for the combo box.
SCALES = (("4+0", "1/4"), ("8+0", "1/8"), ("16+0", "1/16"), ("16+4", "1/16 with 1/4"))


class Evidence(QScrollArea):
    """Signals that only a hand can cause are used throughout, so showing a state never answers back."""

    WATCHES = frozenset({"analysis", "domain_banner", "lesion_promise"}) | Compare.WATCHES

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAccessibleName(tr("Evidence"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._bench = bench
        self._shown = OverlayWishes()
        self._make_choices()
        self._make_amounts()
        self.encoder, self.compare = EncoderRow(bench), Compare(bench)
        self.dar = DarControls(bench)
        self.identity = Identity()
        self.card = QPushButton(tr("Model card"))
        self.card.setObjectName("link")
        self.card.setToolTip(tr("What the encoder in force was trained on, what was measured on it, where it fails"))
        self.analyse = QPushButton(tr("Analyse this frame"))
        self.analyse.clicked.connect(bench.explain.analyse)
        self._arrange()
        self._show_wishes(self._shown)

    def _make_choices(self) -> None:
        explain = self._bench.explain
        self.kind = combo(tr("Overlay method"), overlays(EncoderChoice(), "none"))
        self.kind.activated.connect(lambda _: explain.overlay(self.kind.currentData()))
        self.task = combo(tr("Task"), tuple((task.value, task.value) for task in Task))
        self.task.activated.connect(lambda _: explain.set(task=Task(self.task.currentData())))
        self.map = combo(tr("Colour map"), tuple((m, m) for m in ("viridis", "cividis", "inferno")))
        self.map.activated.connect(lambda _: explain.set(colour_map=self.map.currentData()))
        words = (("", "the whole picture"), *((w.word, w.title) for w in LABELS))
        self.text = combo(tr("Words whose attention is shown"), words)
        self.text.setEditable(True)
        self.text.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.text.activated.connect(lambda _: explain.follow(self.text.currentData() or None))
        self.text.lineEdit().returnPressed.connect(self._follow_typed)
        self.lesion = combo(tr("Lesion"), (("", "strongest of all"), *((w.word, w.title) for w in LABELS if w.lesion)))
        self.lesion.activated.connect(lambda _: explain.set(lesion_label=self.lesion.currentData() or None))
        self.scale = combo(tr("Pyramid scale"), SCALES)
        self.scale.activated.connect(lambda _: self._set_scale())
        self.mode = combo(tr("Pyramid view"), _MODES)
        self.mode.activated.connect(lambda _: self._set_mode())

    def _make_amounts(self) -> None:
        explain = self._bench.explain
        self.opacity, self.threshold = QSlider(Qt.Orientation.Horizontal), QSlider(Qt.Orientation.Horizontal)
        self.balance = QSlider(Qt.Orientation.Horizontal)
        self.balance.setToolTip(tr("Left: vision alone. Right: the words alone"))
        for slider, name, field in ((self.opacity, tr("Opacity"), "opacity"),
                                    (self.threshold, tr("Threshold"), "threshold"),
                                    (self.balance, tr("Balance of vision and words"), "balance")):
            slider.setRange(0, 100)
            slider.setAccessibleName(name)
            slider.valueChanged.connect(lambda value, f=field: self._set_amount(f, value / 100))
        self.channel = QSpinBox()
        self.channel.setRange(0, 4095)
        self.channel.setAccessibleName(tr("Channel"))
        self.channel.valueChanged.connect(self._set_channel)
        self.smooth = QCheckBox(tr("smooth between cells"))
        self.smooth.clicked.connect(lambda on: explain.set(smooth=on))
        self.promise = QLabel()
        self.promise.setObjectName("quiet")
        self.promise.setWordWrap(True)
        self.promise.setTextFormat(Qt.TextFormat.PlainText)
        self.suggestions = QCheckBox(tr("show suggested lesions"))
        self.suggestions.clicked.connect(lambda on: explain.set(suggestions=on))

    def _arrange(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(6)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for words, widget in (("Encoder", self.encoder), ("Overlay", self.kind), ("Task", self.task),
                              ("Opacity", self.opacity), ("Threshold", self.threshold), ("", self.promise),
                              ("Colours", self.map),
                              ("Looks for", self.text), ("Lesion", self.lesion), ("Scale", self.scale),
                              ("Shows", self.mode), ("Channel", self.channel), ("Words", self.balance)):
            self._form.addRow(tr(words), widget)
        self._form.addRow("", self.smooth)
        column.addLayout(self._form)
        who = QHBoxLayout()
        who.addWidget(_rule(), 1)
        who.addWidget(self.card, 0, Qt.AlignmentFlag.AlignBottom)
        for one in (self.dar, self.suggestions, self.compare):
            column.addWidget(one)
        column.addLayout(who)
        column.addWidget(self.identity)
        column.addWidget(self.analyse)
        column.addStretch(1)
        self.setWidget(inner)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        if changed & {"encoders", "overlay_wishes"}:
            refill(self.kind, overlays(state.encoders, state.overlay_wishes.kind))
            self.encoder.show_choice(state.encoders)
            self._show_wishes(state.overlay_wishes)
        if "lesion_promise" in changed:
            known = state.lesion_promise
            self.promise.setText(known.words if known is not None else "")
            self.promise.setToolTip(known.more if known is not None else "")
            self._form.setRowVisible(self.promise, known is not None)
        self.compare.show_state(state)
        if state.analysis is not None and "analysis" in changed:
            counts = [len(level.values) for level in state.analysis.pyramid]
            self.channel.setMaximum(max(min(counts, default=1) - 1, 0))
        if changed & {"analysis", "domain_banner", "frame_key"}:
            self.identity.show_analysis(state.analysis, state.domain_banner)
            self.analyse.setEnabled(state.frame_key is not None and state.analysis is None)

    def _show_wishes(self, wishes: OverlayWishes) -> None:
        self._shown = wishes
        choose(self.kind, wishes.kind)
        choose(self.task, wishes.task.value)
        choose(self.map, wishes.colour_map)
        choose(self.lesion, wishes.lesion_label or "")
        choose(self.scale, f"{wishes.mfp_scale}+{wishes.mfp_with}")
        channel = wishes.mfp_mode.isdigit()
        choose(self.mode, "channel" if channel else wishes.mfp_mode)
        self.opacity.setValue(round(wishes.opacity * 100))
        self.threshold.setValue(round(wishes.threshold * 100))
        self.balance.setValue(round(wishes.balance * 100))
        self.channel.setValue(int(wishes.mfp_mode) if channel else self.channel.value())
        self.smooth.setChecked(wishes.smooth)
        self.suggestions.setChecked(wishes.suggestions)
        known = self.text.findData(wishes.text or "")
        if known >= 0:
            self.text.setCurrentIndex(known)
        else:
            self.text.setEditText(wishes.text or "")
        self._show_rows(wishes, channel)
        self.dar.show_settings(wishes.dar, wishes.method in (Method.DAR, Method.DAR_INLINE))

    def _show_rows(self, wishes: OverlayWishes, channel: bool) -> None:
        kind, mfp = wishes.kind, wishes.kind == "mfp"
        heat = wishes.needs_row and wishes.method is not Method.RANDOM
        mixed = mfp and wishes.mfp_mode == "energy" and not wishes.mfp_with
        for widget, on in ((self.opacity, kind != "none"), (self.threshold, kind != "none"), (self.map, kind != "none"),
                           (self.text, heat), (self.lesion, kind == "lesion"), (self.scale, mfp),
                           (self.mode, mfp), (self.channel, mfp and channel), (self.smooth, mfp),
                           (self.balance, mixed)):
            self._form.setRowVisible(widget, on)

    def _set_amount(self, field: str, value: float) -> None:
        if round(getattr(self._shown, field) * 100) != round(value * 100):
            self._bench.explain.set(**{field: value})

    def _set_scale(self) -> None:
        scale, beside = (int(part) for part in self.scale.currentData().split("+"))
        self._bench.explain.set(mfp_scale=scale, mfp_with=beside)

    def _set_mode(self) -> None:
        mode = self.mode.currentData()
        self._bench.explain.set(mfp_mode=str(self.channel.value()) if mode == "channel" else mode)

    def _set_channel(self, value: int) -> None:
        if self._shown.mfp_mode.isdigit() and self._shown.mfp_mode != str(value):
            self._bench.explain.set(mfp_mode=str(value))

    def _follow_typed(self) -> None:
        typed = self.text.currentText().strip()
        listed = self.text.findText(typed)
        self._bench.explain.follow((self.text.itemData(listed) if listed >= 0 else typed) or None)


def _rule() -> QLabel:
    made = QLabel(tr("WHO COMPUTED IT"))
    made.setObjectName("section")
    made.setContentsMargins(0, 8, 0, 0)
    return made
