"""Keeps drills and their journals in a database. Costs a second to import: only where needed."""

from drill.store.archive import SqlArchive as SqlArchive
from drill.store.journal import SqlJournal as SqlJournal
from drill.store.journal import open_journal as open_journal
