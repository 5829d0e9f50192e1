"""python-socketio's client, over each way to connect, in each namespace."""
# server: --ping-interval 500ms --ping-timeout 2s

import queue
import time

import socketio

import tap
from server import PATIENCE, URL, crash, reason_of
from tables import BINARY, EVENTS, NAMESPACES, NESTED, WAYS


class Client:
    """A client that keeps the events its test waits for."""

    def __init__(self, way, namespace):
        self.transports = WAYS[way]
        self.namespace = namespace
        self.events = {name: queue.Queue() for name in EVENTS}
        self.socket = socketio.Client(reconnection_delay=0.01, reconnection_delay_max=0.02)
        for name in EVENTS:
            self.socket.on(name, self._keep(name), namespace=namespace)

    def connect(self, auth=None, patience=PATIENCE):
        self.socket.connect(
            URL, auth=auth, transports=self.transports, namespaces=[self.namespace], wait_timeout=patience
        )

    def _keep(self, name):
        def keep(*args):
            self.events[name].put(list(args))
            return (*args, "and more") if name == "emit-with-ack" else None

        return keep

    def next(self, name):
        """Returns the arguments of the next event of that name."""
        return self.events[name].get(timeout=PATIENCE)

    def emit(self, name, *args):
        self.socket.emit(name, tuple(args), namespace=self.namespace)

    def ask(self, name, *args):
        """Emits, and returns the arguments of the acknowledgement."""
        answer = queue.Queue()
        self.socket.emit(
            name, tuple(args), namespace=self.namespace, callback=lambda *back: answer.put(list(back))
        )
        return answer.get(timeout=PATIENCE)

    def sid(self):
        return self.socket.get_sid(self.namespace)

    def close(self):
        self.socket.disconnect()


def connected(way, namespace, auth=None):
    client = Client(way, namespace)
    client.connect(auth)
    client.next("connect")
    return client


def connects(way, namespace):
    client = connected(way, namespace)
    assert client.next("auth") == [{}]
    assert client.socket.transport() == WAYS[way][-1]
    assert len(client.sid()) == 20
    client.close()


def sends_its_credentials(way, namespace):
    auth = {"token": "ñ€😀", "roles": ["a", {"b": 1}]}
    client = connected(way, namespace, auth)
    assert client.next("auth") == [auth]
    client.close()


def is_refused(way, namespace):
    client = Client(way, namespace)
    client.socket.reconnection = False
    try:
        client.connect({"refuse": "with data"}, patience=0.2)  # it waits for as long, whatever comes
        raise AssertionError("it is let in")
    except socketio.exceptions.ConnectionError:
        pass
    [error] = client.next("connect_error")
    assert error == {"message": "refused on request", "data": {"code": 7, "why": ["ñ€😀"]}}, error


def sends_and_gets_events(way, namespace):
    client = connected(way, namespace)
    for args in [], ["hello"], NESTED, BINARY, ["ñ" * 50_000], [bytes(100_000)]:
        client.emit("message", *args)
        assert client.next("message-back") == args
    client.close()


def keeps_events_in_order(way, namespace):
    client = connected(way, namespace)
    # It takes no more than 16 packets in an answer to polling; those with a buffer are two.
    for start in range(0, 100, 10):
        sent = [i if i % 3 else bytes([i]) for i in range(start, start + 10)]
        for arg in sent:
            client.emit("message", arg)
        assert [client.next("message-back") for _ in sent] == [[arg] for arg in sent]
    client.close()


def is_acknowledged(way, namespace):
    client = connected(way, namespace)
    for args in [], NESTED, BINARY:
        assert client.ask("message-with-ack", *args) == args
    assert client.socket.call("message-with-ack", "x", namespace=namespace, timeout=PATIENCE) == "x"
    client.close()


def acknowledges(way, namespace):
    client = connected(way, namespace)
    for args in ["x"], NESTED, BINARY:
        client.emit("emit-with-ack", *args)
        assert client.next("emit-with-ack") == args  # the question
        assert client.next("emit-with-ack") == args + ["and more"]  # its own answer, sent back
    client.close()


def reaches_others(way, namespace):
    sender, member = connected(way, namespace), connected(way, namespace)
    for client in sender, member:
        client.ask("join", "room")
    sender.emit("to-rooms", *BINARY)
    assert member.next("room") == BINARY
    sender.emit("to-others", *NESTED)
    assert member.next("others") == NESTED
    sender.ask("message-with-ack")  # what was sent to it before has come
    assert sender.events["room"].empty() and sender.events["others"].empty()
    for client in sender, member:
        client.close()


def leaves(way, namespace):
    client = connected(way, namespace)
    sid = client.sid()
    client.close()
    client.next("disconnect")
    # It closes the connection while its goodbye may still wait to be sent. Over polling that is not sent at all
    # if something else was just being sent: its loop ends with its state.
    expected = ["client namespace disconnect", "transport close"]
    if way == "polling":
        expected.append("ping timeout")
    reason = reason_of(sid)
    assert reason in expected, reason


def is_sent_away(way, namespace):
    client = connected(way, namespace)
    sid = client.sid()
    client.emit("send-me-away")
    client.next("disconnect")
    reason = reason_of(sid)
    assert reason == "server namespace disconnect", reason
    client.close()


def comes_back(way, namespace):
    client = connected(way, namespace)
    sid = client.sid()
    crash()
    client.next("disconnect")
    client.next("connect")
    assert client.sid() != sid
    client.emit("message", "again")
    assert client.next("message-back") == ["again"]
    client.close()


def lives_through_heartbeats(way):
    clients = [connected(way, namespace) for namespace in NAMESPACES]
    time.sleep(2.7)  # more than the server's patience
    for client in clients:
        assert client.events["disconnect"].empty()
        client.emit("message", "still there")
        assert client.next("message-back") == ["still there"]
        client.close()


def shares_a_connection(way):
    events = queue.Queue()
    socket = socketio.Client()
    for namespace in NAMESPACES:
        socket.on("message-back", lambda text: events.put(text), namespace=namespace)
    socket.connect(URL, transports=WAYS[way], namespaces=NAMESPACES, wait_timeout=PATIENCE)
    assert socket.get_sid("/") != socket.get_sid("/custom")
    for namespace in NAMESPACES:
        socket.emit("message", namespace, namespace=namespace)
        assert events.get(timeout=PATIENCE) == namespace
    socket.disconnect()


for way in WAYS:
    for namespace in NAMESPACES:
        for scenario in (
            connects,
            sends_its_credentials,
            is_refused,
            sends_and_gets_events,
            keeps_events_in_order,
            is_acknowledged,
            acknowledges,
            reaches_others,
            leaves,
            is_sent_away,
            comes_back,
        ):
            title = f"{way}, {namespace.strip('/') or 'main'}: it {scenario.__name__.replace('_', ' ')}"
            tap.test(title, scenario, way, namespace)
    tap.test(f"{way}: it lives through heartbeats", lives_through_heartbeats, way)
    tap.test(f"{way}: it shares a connection between two namespaces", shares_a_connection, way)

tap.run()
