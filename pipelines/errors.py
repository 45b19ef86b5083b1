"""The base of errors whose message says what to do."""

__all__ = ["WorkspaceError"]


class WorkspaceError(Exception):
    """Something outside the code is wrong: a file, a setting, a name, a recording.

    Its message is one that a person can act on. Stages and the command line print it without a
    traceback; any other exception is a mistake of ours and keeps its traceback.
    """
