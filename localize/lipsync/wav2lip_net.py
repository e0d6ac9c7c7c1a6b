"""Wav2Lip's network, its parts named as in the published checkpoint. Imported only where torch is installed."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

Step = int | tuple[int, int]


class Block(nn.Module):  # type: ignore[misc]
    """A convolution, or the opposite of one, with batch norm; `kept` adds what went in."""

    def __init__(self, into: int, out: int, kernel: int = 3, step: Step = 1, pad: int = 1, *, kept: bool = False, grows: int = -1) -> None:
        """`grows` is what a growing block adds to its output's size; -1 where it does not grow."""
        super().__init__()
        turned = nn.Conv2d(into, out, kernel, step, pad) if grows < 0 else nn.ConvTranspose2d(into, out, kernel, step, pad, grows)
        self.conv_block = nn.Sequential(turned, nn.BatchNorm2d(out))
        self.kept = kept

    def forward(self, x: Any) -> Any:
        out = self.conv_block(x)
        return torch.relu(out + x if self.kept else out)


def _more(width: int, count: int) -> list[Block]:
    return [Block(width, width, kept=True) for _ in range(count)]


class Wav2Lip(nn.Module):  # type: ignore[misc]
    """Sound and a face in, the face that says it out."""

    def __init__(self) -> None:
        super().__init__()
        # Half the size from each group to the next, 96 to 3 px, then a single point.
        halving = ((16, 32, 2), (32, 64, 3), (64, 128, 2), (128, 256, 2), (256, 512, 1))
        self.face_encoder_blocks = nn.ModuleList([
            nn.Sequential(Block(6, 16, 7, 1, 3)),
            *(nn.Sequential(Block(into, out, step=2), *_more(out, count)) for into, out, count in halving),
            nn.Sequential(Block(512, 512, pad=0), Block(512, 512, 1, pad=0)),
        ])  # fmt: skip
        self.audio_encoder = nn.Sequential(
            Block(1, 32), *_more(32, 2),
            Block(32, 64, step=(3, 1)), *_more(64, 2),
            Block(64, 128, step=3), *_more(128, 2),
            Block(128, 256, step=(3, 2)), *_more(256, 1),
            Block(256, 512, pad=0), Block(512, 512, 1, pad=0),
        )  # fmt: skip
        # Each takes what the one before gave, with what the face's encoder had at that size.
        doubling = ((1024, 512, 2), (768, 384, 2), (512, 256, 2), (320, 128, 2), (160, 64, 2))
        self.face_decoder_blocks = nn.ModuleList([
            nn.Sequential(Block(512, 512, 1, pad=0)),
            nn.Sequential(Block(1024, 512, pad=0, grows=0), *_more(512, 1)),
            *(nn.Sequential(Block(into, out, step=2, grows=1), *_more(out, count)) for into, out, count in doubling),
        ])  # fmt: skip
        self.output_block = nn.Sequential(Block(80, 32), nn.Conv2d(32, 3, 1), nn.Sigmoid())

    def forward(self, sound: Any, faces: Any) -> Any:
        """Faces [b, 3, 96, 96], 0 to 1, from sound [b, 1, 80, 16] and faces [b, 6, 96, 96]: one masked, one whole."""
        seen = []
        for encode in self.face_encoder_blocks:
            faces = encode(faces)
            seen.append(faces)
        x = self.audio_encoder(sound)
        for decode in self.face_decoder_blocks:
            x = torch.cat([decode(x), seen.pop()], dim=1)
        return self.output_block(x)
