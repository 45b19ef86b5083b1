"""Shared by every test."""

from pipelines.stage import forget_stale_kernels


def pytest_configure():
    forget_stale_kernels()
