"""The style sheet.  ``@name`` is a colour token of ``theme.Tokens``, ``$name`` an icon; sizes keep an 8 px grid."""

STYLE = """
* { font-size: 13px; }
QMainWindow, QDialog, QWidget#ground { background: @ground; color: @text; }
QWidget#panel, QTabWidget::pane, QScrollArea#panel, QScrollArea#panel > QWidget > QWidget { background: @panel; }
QTabWidget::pane { border: none; }
QLabel { background: transparent; color: @text; }
QLabel#quiet { color: @quiet; }
QLabel#title { font-size: 15px; font-weight: 600; }
QLabel#hero { font-size: 26px; font-weight: 600; }
QLabel#section { color: @quiet; font-size: 11px; font-weight: 700; }
QLabel#warning { color: @warning; }
QLabel#error { color: @error; }
QLabel#domain { background: @panel; color: @text; border-left: 4px solid @warning; padding: 6px 10px; }
QLabel#person { color: @person; font-weight: 600; }
QLabel#model { color: @model; font-weight: 600; }
QToolTip { background: @raised; color: @text; border: 1px solid @line; padding: 4px 6px; }
QMenuBar { background: @panel; color: @text; padding: 2px 4px; }
QMenuBar::item { padding: 4px 10px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected, QMenu::item:selected { background: @chosen; color: @text; }
QMenu { background: @panel; color: @text; border: 1px solid @line; padding: 4px; }
QMenu::item { padding: 6px 28px 6px 12px; border-radius: 4px; }
QMenu::item:disabled { color: @faint; }
QMenu::separator { height: 1px; background: @line; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }
QToolBar { background: @panel; border: none; padding: 4px 8px; spacing: 2px; }
QToolBar::separator { width: 1px; background: @line; margin: 6px 6px; }
QToolButton { background: transparent; color: @text; border: 1px solid transparent; border-radius: 6px; padding: 5px; }
QToolButton:hover { background: @raised; }
QToolButton#qt_toolbar_ext_button { padding: 0; border: none; }
QToolButton:checked { background: @chosen; border-color: @accent; }
QToolButton:focus { border-color: @accent; }
QToolButton:disabled { color: @faint; }
QToolButton::menu-indicator { width: 0; image: none; }
QToolButton::menu-button { border: none; }
QPushButton { background: @raised; color: @text; border: 1px solid @line; border-radius: 6px; padding: 5px 12px; }
QPushButton:hover { border-color: @accent; }
QPushButton:focus { border-color: @accent; }
QPushButton:pressed { background: @chosen; }
QPushButton:checked { background: @chosen; border-color: @accent; }
QPushButton:disabled { color: @faint; background: @panel; }
QPushButton#primary { background: @accent; color: @on_accent; border-color: @accent; font-weight: 600; }
QPushButton#primary:hover { border-color: @text; }
QPushButton#primary:focus { background: @panel; color: @accent; border: 2px solid @accent; padding: 4px 11px; }
QPushButton#primary:disabled { background: @raised; color: @faint; border-color: @line; }
QPushButton#chip { background: @panel; border: 1px solid @line; border-radius: 12px; padding: 3px 10px;
  color: @accent; }
QPushButton#chip:hover, QPushButton#chip:focus { border-color: @accent; }
QPushButton#link { background: transparent; border: none; color: @accent; padding: 2px 4px; text-align: left; }
QPushButton#link:hover, QPushButton#link:focus { text-decoration: underline; }
QPushButton#link:disabled { color: @faint; text-decoration: none; }
QPushButton#row { background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 0; }
QPushButton#row:hover { background: @raised; }
QPushButton#row:focus { border-color: @accent; }
QLabel#changed { color: @accent; font-weight: 600; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QPlainTextEdit {
  background: @ground; color: @text; border: 1px solid @faint; border-radius: 6px; padding: 4px 8px;
  selection-background-color: @accent; selection-color: @on_accent; placeholder-text-color: @quiet; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QPlainTextEdit:focus {
  border: 2px solid @accent; padding: 3px 7px; }
QLineEdit:disabled, QComboBox:disabled, QSpinBox:disabled { color: @faint; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow, QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {
  image: url("$down"); width: 12px; height: 12px; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$up"); width: 12px; height: 12px; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {
  border: none; background: transparent; width: 18px; }
QComboBox QAbstractItemView { background: @panel; color: @text; border: 1px solid @line;
  selection-background-color: @chosen; selection-color: @text; outline: none; }
QCheckBox, QRadioButton { color: @text; spacing: 8px; background: transparent; border: 1px solid transparent;
  border-radius: 4px; padding: 1px; }
QCheckBox:focus, QRadioButton:focus { border-color: @accent; }
QCheckBox::indicator, QListView::indicator, QTreeView::indicator {
  width: 15px; height: 15px; border: 1px solid @faint; border-radius: 4px; background: @ground; }
QCheckBox::indicator:checked, QListView::indicator:checked, QTreeView::indicator:checked {
  background: @accent; border-color: @accent; image: url("$check"); }
QCheckBox::indicator:focus, QCheckBox::indicator:hover { border-color: @accent; }
QCheckBox:disabled, QRadioButton:disabled { color: @faint; }
QTabBar { background: @panel; }
QTabBar::tab { background: @panel; color: @quiet; padding: 8px 5px; border: none; font-size: 12px;
  border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: @text; border-bottom-color: @accent; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:selected:focus { color: @accent; border: 1px solid @accent; border-bottom: 2px solid @accent;
  padding: 7px 4px 8px 4px; }
QTreeView, QListView, QTableView { background: @panel; color: @text; border: 1px solid @panel; outline: none;
  alternate-background-color: @ground; selection-background-color: @chosen; selection-color: @text; }
QTreeView::item, QListView::item, QTableView::item { padding: 3px 4px; }
QTreeView::item:selected, QListView::item:selected, QTableView::item:selected { background: @chosen; color: @text; }
QTreeView:focus, QListView:focus, QTableView:focus { border-color: @accent; }
QHeaderView::section { background: @panel; color: @quiet; border: none; border-bottom: 1px solid @line;
  padding: 4px 6px; }
QScrollArea { border: 1px solid transparent; background: transparent; }
QScrollArea:focus { border-color: @accent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @line; border-radius: 4px; min-height: 24px; min-width: 24px; margin: 1px; }
QScrollBar::handle:hover { background: @faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: @ground; }
QSplitter::handle:hover { background: @accent; }
QSlider::groove:horizontal { height: 4px; background: @line; border-radius: 2px; }
QSlider::sub-page:horizontal { background: @accent; border-radius: 2px; }
QSlider::handle:horizontal { background: @text; border: 2px solid @text; width: 10px; height: 10px; margin: -5px 0;
  border-radius: 7px; }
QSlider::handle:horizontal:focus { background: @panel; border-color: @accent; }
QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled { background: @faint; }
QProgressBar { background: @line; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }
QProgressBar::chunk { background: @accent; border-radius: 2px; }
QFrame#banner { background: @panel; }
QFrame#card { background: @panel; border: 1px solid @line; border-radius: 8px; }
QFrame#turn { background: @ground; border: none; border-left: 3px solid transparent; border-radius: 6px; }
QFrame#turn[lit="true"] { border-left-color: @accent; }
QFrame#drop { border: 2px dashed @line; border-radius: 12px; background: transparent; }
QFrame#notice { background: @panel; border: none; border-left: 4px solid @accent; border-radius: 4px; }
QFrame#notice[level="warning"] { border-left-color: @warning; }
QFrame#notice[level="error"] { border-left-color: @error; }
QFrame#rule { background: @line; max-height: 1px; min-height: 1px; border: none; }
QWidget#status { background: @panel; }
QGroupBox { color: @quiet; border: none; margin-top: 20px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; top: 4px; }
"""
