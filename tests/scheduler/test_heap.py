"""Threads take their memory from one heap, on systems that know such a thing."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from drill.scheduler.heap import give_back, share_heap

MANY_THREADS = """
import ctypes, threading, drill.scheduler.heap as heap
print(heap.share_heap())
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
addresses, ready = [], threading.Barrier(9)
def take():
    ready.wait()
    addresses.append(libc.malloc(40000))
    ready.wait()
threads = [threading.Thread(target=take) for _ in range(8)]
[one.start() for one in threads]
ready.wait(); ready.wait()
print(len({address >> 26 for address in addresses}))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_eight_threads_share_one_heap():
    run = subprocess.run(
        [sys.executable, "-c", MANY_THREADS], capture_output=True, text=True, check=True
    )

    shared, heaps = run.stdout.split()
    assert shared == "True"
    assert int(heaps) == 1


USED_ONCE = """
import ctypes, drill.scheduler.heap as heap
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def pages():
    return int(open("/proc/self/statm").read().split()[1])
blocks = [libc.malloc(40000) for _ in range(1000)]
for block in blocks:
    ctypes.memset(ctypes.c_void_p(block), 1, 40000)
last = libc.malloc(40000)
for block in blocks:
    libc.free(ctypes.c_void_p(block))
before = pages()
heap.give_back()
print(before - pages())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_was_used_once_is_given_back():
    run = subprocess.run(
        [sys.executable, "-c", USED_ONCE], capture_output=True, text=True, check=True
    )

    assert int(run.stdout) > 5000  # of the 10,000 pages that the blocks took


def test_a_system_that_does_not_know_of_it_goes_on_without(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())

    give_back()
    assert share_heap() is False
