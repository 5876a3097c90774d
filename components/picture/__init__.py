"""Pictures as one SVG, or as one page that opens without a server: an environment, a change."""

from components.picture.changed import change_page
from components.picture.drawing import svg
from components.picture.page import page
from components.picture.sides import Change

__all__ = ["Change", "change_page", "page", "svg"]
