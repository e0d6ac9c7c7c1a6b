"""Converters: one file each, behind `voice.Converter`."""
