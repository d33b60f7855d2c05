"""What is raised where something can't be done with what was handed in or set up."""


class RunRefused(Exception):
    """The message (Chinese) says what to do. Nothing was published; what was published stands."""
