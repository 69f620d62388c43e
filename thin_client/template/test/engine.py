"""The engine that runs this container, spoken to over its socket: no docker client is needed in the image."""

import http.client
import json
import os
import re
import socket
from pathlib import Path
from typing import Any

SOCKET = "/var/run/docker.sock"


class EngineConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(SOCKET)


def call(method: str, path: str, body: Any = None) -> Any:
    connection = EngineConnection("localhost", timeout=120)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 400:
        raise RuntimeError(f"{method} {path}: {answer.status} {content.decode()}")
    is_json = "json" in answer.headers.get("Content-Type", "")
    return json.loads(content) if is_json and content else content


def own_container() -> dict[str, Any]:
    """What the engine knows about the container that this code runs in; its id is in the path of mounted files."""
    mounts = Path("/proc/self/mountinfo").read_text()
    found = re.search(r"/containers/([0-9a-f]{64})/", mounts)
    return call("GET", f"/containers/{found.group(1) if found else socket.gethostname()}/json")


def run(words: list[str], **host_config: Any) -> tuple[int, str, str]:
    """Runs words in a new container of the image under test; returns exit code, stdout and stderr.

    That is this container's own image, unless the tests drive another one from outside.
    """
    own = own_container()
    made = call(
        "POST",
        "/containers/create",
        {
            "Image": os.environ.get("SLIPWAY_IMAGE_UNDER_TEST", own["Image"]),
            "Cmd": words,
            "WorkingDir": os.getcwd(),
            "User": f"{os.getuid()}:{os.getgid()}",
            "Labels": {key: value for key, value in own["Config"]["Labels"].items() if key.startswith("dev.slipway.")},
            "HostConfig": host_config,
        },
    )
    path = f"/containers/{made['Id']}"
    attached = EngineConnection("localhost", timeout=120)
    try:
        # What it prints is read until its end: its log may lack the last of it when it has exited.
        attached.request("POST", f"{path}/attach?stream=1&stdout=1&stderr=1")
        printed = attached.getresponse()
        call("POST", f"{path}/start")
        output = streams(printed.read())
        return call("POST", f"{path}/wait")["StatusCode"], *output
    finally:
        attached.close()
        call("DELETE", f"{path}?force=1")


def code_mounts() -> list[dict[str, Any]]:
    """The mounts that bring the code into this container, as a sibling takes them: sources are paths of the host."""
    return [
        {"Type": "bind", "Source": each["Source"], "Target": each["Destination"]}
        for each in own_container()["Mounts"]
        if each["Type"] == "bind" and each["Destination"] == "/app"
    ]


def streams(logs: bytes) -> tuple[str, str]:
    """Logs come in frames of an eight-byte head, which names the stream and the length, and as many bytes."""
    texts = {1: b"", 2: b""}
    while logs:
        kind, length = logs[0], int.from_bytes(logs[4:8], "big")
        texts[kind] += logs[8 : 8 + length]
        logs = logs[8 + length :]
    return texts[1].decode(), texts[2].decode()
