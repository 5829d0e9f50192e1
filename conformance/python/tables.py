"""What the tests of all clients have in common."""

# How a client may connect.
WAYS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "polling then websocket": ["polling", "websocket"],
}

NAMESPACES = ["/", "/custom"]

# What the server sends, and what a client says of itself.
EVENTS = ["connect", "connect_error", "disconnect", "auth", "message-back", "emit-with-ack", "room", "others"]

# Arguments.
NESTED = [{"a": [True, None, -1.5, {"ñ": "€ 漢字 😀"}]}, "", 0, []]
BINARY = [{"list": [b"\x01", {"deep": b"\x02\x03"}], "text": "ñ"}, b"", bytes(range(256))]
