"""The service's command line, extended for tests.

`start(COMMAND, program=PROBE)` starts an extended process. A module that extends a field of the
service is named after it, and has a list with the field's name in capitals, such as `ROUTES`.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).parent

# Command that starts it. `-P` keeps this folder out of the import path.
PROBE = (sys.executable, "-P", str(FOLDER / "__main__.py"))
