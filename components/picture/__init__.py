"""The picture of an environment: one SVG, or one page that opens without a server."""

from components.picture.drawing import svg
from components.picture.page import page

__all__ = ["page", "svg"]
