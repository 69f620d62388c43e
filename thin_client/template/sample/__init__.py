"""What the container is for: replace it by your own code."""

from sample.greeting import greet

__all__ = ["greet"]
