# SPDX-License-Identifier: MIT
"""sql_by_line.py PLACE: runs each statement that it reads, without data_store; prints rows as JSON.

By sqlite3, or where the place is a server's URL by psycopg.
"""

import json
import sqlite3
import sys
from typing import Any

connection: Any
if sys.argv[1].startswith("postgresql:"):
    import psycopg

    connection = psycopg.connect(sys.argv[1], autocommit=True)
else:
    connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
for statement in sys.stdin:
    cursor = connection.execute(statement)
    print(json.dumps(cursor.fetchall() if cursor.description else []), flush=True)
