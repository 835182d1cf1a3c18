"""Reads HTTP/1.1 with h11, for comparing: a line of JSON with {kind, method, hex, closed} gives one with {messages, fault}."""

import json
import sys

import h11


def read(kind, method, data, closed):
    messages = []
    connection = h11.Connection(h11.SERVER if kind == "request" else h11.CLIENT, max_incomplete_event_size=1 << 20)
    if kind == "response":
        connection.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
        connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    if closed:
        connection.receive_data(b"")
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                start = f"{event.method.decode()} {event.target.decode('latin1')} {event.http_version.decode()}"
                messages.append({"start": start, "fields": fields(event), "body": "", "isComplete": False})
            elif isinstance(event, h11.Response):
                messages.append({"start": str(event.status_code), "fields": fields(event), "body": "", "isComplete": False})
            elif isinstance(event, h11.Data):
                messages[-1]["body"] += bytes(event.data).decode("latin1")
            elif isinstance(event, h11.EndOfMessage):
                messages[-1]["isComplete"] = True
                if kind == "response":
                    return messages, None
                rest = connection.trailing_data[0]
                # Each request on a connection of its own: whether the client wants another one is not what is compared.
                if rest:
                    more, fault = read(kind, method, rest, closed)
                    return messages + more, fault
                return messages, None
            elif isinstance(event, h11.InformationalResponse):
                continue
            elif event is h11.NEED_DATA:
                return messages, "cut"
            elif event is h11.PAUSED:
                return messages, "paused"
            else:
                return messages, None
    except h11.ProtocolError as error:
        return messages, type(error).__name__


def fields(event):
    return [f"{name.decode('latin1')}: {value.decode('latin1')}" for name, value in event.headers]


sys.setrecursionlimit(10_000)
for line in sys.stdin:
    given = json.loads(line)
    messages, fault = read(given["kind"], given["method"], bytes.fromhex(given["hex"]), given["closed"])
    print(json.dumps({"messages": messages, "fault": fault}), flush=True)
