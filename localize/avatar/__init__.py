"""Avatar: what a host looks like and how it moves.

`perform` turns Lines and their Speeches into a Performance; a `DrawnAvatar` draws that Performance frame by frame.
"""

from __future__ import annotations

from localize.avatar.choose import Scene
from localize.avatar.drawn import DrawnAvatar, Sprite
from localize.avatar.perform import perform
from localize.avatar.pose import mouth_opening

__all__ = ["DrawnAvatar", "Scene", "Sprite", "mouth_opening", "perform"]
