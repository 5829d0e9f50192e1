"""The server under test, as far as the tests ask it beside their clients."""

import os
import urllib.parse
import urllib.request

URL = os.environ["BRIO_URL"]

# Seconds after which a test gives up.
PATIENCE = 5


def reason_of(sid):
    """Waits until a socket has disconnected; returns why, as the server saw it."""
    query = urllib.parse.urlencode({"sid": sid})
    with urllib.request.urlopen(f"{URL}/reason?{query}", timeout=PATIENCE) as answer:
        return answer.read().decode()


def crash():
    """Replaces the server by another one, without a word to its clients."""
    control = os.environ["BRIO_CONTROL"]
    urllib.request.urlopen(f"{control}/crash", data=b"", timeout=PATIENCE).close()
