"""Processes that share work, one per core."""

import importlib
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from threadpoolctl import threadpool_limits

__all__ = ["available_cores", "worker_pool"]


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_pool(
    n_workers: int,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
) -> ProcessPoolExecutor:
    """Return a pool of processes that end with this one, even when it is killed.

    Processes are started anew rather than forked: threads of compiled libraries do not survive a
    fork. Linear algebra takes one thread in each: the cores are shared out already, and sums keep
    their order whatever the machine, so that results repeat to the last bit.

    Parameters
    ----------
    n_workers : int
    initializer, initargs : optional
        What each process does first.
    """
    return ProcessPoolExecutor(
        n_workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(initializer, initargs),
    )


def _start(initializer: Callable[..., None] | None, initargs: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    importlib.import_module("scipy.linalg")  # brings the libraries that are limited, NumPy's too
    threadpool_limits(limits=1)
    if initializer is not None:
        initializer(*initargs)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
