"""Sound and picture files.

`pcm` reads and writes sound as samples, `mapped` keeps long ones on disk, `metering` says how loud they are, `mixing` lays them over
each other. `mp4` encodes frames and sound, `feed` brings the frames to the encoder, `probing` says what came of it. `command` is the
ffmpeg that some of these run.
"""
