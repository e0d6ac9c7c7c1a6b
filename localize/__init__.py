"""crossreel: catalog rows in, finished and published selling clips out."""

__version__ = "0.1.0"
