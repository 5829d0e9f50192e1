"""python-socketio's client for asyncio, over each way to connect, in each namespace."""
# server: --ping-interval 500ms --ping-timeout 2s

import asyncio

import socketio

import tap
from server import PATIENCE, URL, crash
from tables import BINARY, EVENTS, NAMESPACES, NESTED, WAYS


class Client:
    """A client that keeps the events its test waits for."""

    def __init__(self, namespace):
        self.namespace = namespace
        self.events = {name: asyncio.Queue() for name in EVENTS}
        self.socket = socketio.AsyncClient(reconnection_delay=0.01, reconnection_delay_max=0.02)
        for name in EVENTS:
            self.socket.on(name, self._keep(name), namespace=namespace)

    def _keep(self, name):
        async def keep(*args):
            self.events[name].put_nowait(list(args))
            return (*args, "and more") if name == "emit-with-ack" else None

        return keep

    async def connect(self, way, auth=None, patience=PATIENCE):
        await self.socket.connect(
            URL, auth=auth, transports=WAYS[way], namespaces=[self.namespace], wait_timeout=patience
        )

    async def next(self, name):
        """Returns the arguments of the next event of that name."""
        return await asyncio.wait_for(self.events[name].get(), PATIENCE)

    async def emit(self, name, *args):
        await self.socket.emit(name, tuple(args), namespace=self.namespace)

    async def ask(self, name, *args):
        """Emits, and returns the arguments of the acknowledgement."""
        answer = asyncio.Queue()
        await self.socket.emit(
            name, tuple(args), namespace=self.namespace, callback=lambda *back: answer.put_nowait(list(back))
        )
        return await asyncio.wait_for(answer.get(), PATIENCE)


async def serves(way, namespace):
    auth = {"token": "ñ€😀", "roles": ["a", {"b": 1}]}
    client = Client(namespace)
    await client.connect(way, auth)
    await client.next("connect")
    assert await client.next("auth") == [auth]
    assert client.socket.transport() == WAYS[way][-1]

    for args in [], ["hello"], NESTED, BINARY, ["ñ" * 50_000], [bytes(100_000)]:
        await client.emit("message", *args)
        assert await client.next("message-back") == args
    for args in [], NESTED, BINARY:
        assert await client.ask("message-with-ack", *args) == args
    for args in ["x"], NESTED, BINARY:
        await client.emit("emit-with-ack", *args)
        assert await client.next("emit-with-ack") == args  # the question
        assert await client.next("emit-with-ack") == args + ["and more"]  # its own answer, sent back

    sid = client.socket.get_sid(namespace)
    await asyncio.to_thread(crash)
    await client.next("disconnect")
    await client.next("connect")
    assert client.socket.get_sid(namespace) != sid
    await client.emit("message", "again")
    assert await client.next("message-back") == ["again"]

    await client.socket.disconnect()
    await client.next("disconnect")


async def refuses(way, namespace):
    client = Client(namespace)
    client.socket.reconnection = False
    try:
        await client.connect(way, {"refuse": "with data"}, patience=0.2)  # it waits for as long, whatever comes
        raise AssertionError("it is let in")
    except socketio.exceptions.ConnectionError:
        pass
    [error] = await client.next("connect_error")
    assert error == {"message": "refused on request", "data": {"code": 7, "why": ["ñ€😀"]}}, error


def run(scenario, *args):
    asyncio.run(scenario(*args))


for way in WAYS:
    for namespace in NAMESPACES:
        for scenario in serves, refuses:
            title = f"{way}, {namespace.strip('/') or 'main'}: the server {scenario.__name__} it"
            tap.test(title, run, scenario, way, namespace)

tap.run()
