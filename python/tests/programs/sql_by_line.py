# SPDX-License-Identifier: MIT
"""sql_by_line.py PATH: runs each statement that it reads, by sqlite3 alone; prints rows as JSON."""

import json
import sqlite3
import sys

connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
for statement in sys.stdin:
    print(json.dumps(connection.execute(statement).fetchall()), flush=True)
