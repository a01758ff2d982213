"""Whatever happens between two steps: one restore at most, nothing left, one final record.

Every test here plays other runs when it is told to:

* ``DRILL_TEST_HARNESS_SEED``: another number draws other delays, other lengths of every trouble,
  other choices of who goes on, and other interleavings (default 1).
* ``DRILL_TEST_HARNESS_DELAY``: the longest delay before a step, in seconds of the simulated clock
  (default 90; 0 for none, an hour and more for a machine that was off).
* ``DRILL_TEST_HARNESS_SKEW``: by how many seconds the clock of a machine may be wrong in the
  interleavings (default 5).
* ``DRILL_TEST_SCHEDULES``: how many interleavings are played (default 200).
* ``DRILL_TEST_KILLS``: how many boundaries of a real process are killed in
  ``tests/e2e/test_killed_anywhere.py``, and how many statements of a migration in
  ``tests/store/test_migration_killed.py`` (default 2 for each case; 0 for all of them), and
  ``DRILL_TEST_STEP_DELAY`` the longest real delay at each boundary, in seconds (default 0).
"""
