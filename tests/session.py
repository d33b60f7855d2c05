"""A reader of the dashboard without a browser: opens pages over the dashboard's own websocket, as the page in a browser would."""

import time
from dataclasses import dataclass, field
from types import TracebackType

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from dashboards.navigation import START


def path_of(name: str) -> str:
    """The address of a page below the dashboard's own."""
    return "" if name == START else name


@dataclass
class Drawn:
    """One page as a session received it: seconds from asking to the end of the script, all words, everything as it came, and what went wrong."""

    seconds: float = 0
    words: list[str] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    received: bytes = b""


class Session:
    """One session with the dashboard at `address` (http://host:port); use as an async context manager."""

    def __init__(self, address: str) -> None:
        self.address = address.replace("http://", "ws://") + "/_stcore/stream"

    async def __aenter__(self) -> "Session":
        self.socket: ClientConnection = await connect(self.address, subprotocols=["streamlit"], max_size=None, open_timeout=120)  # type: ignore[list-item]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.socket.close()

    async def draw(self, name: str, query: str = "lang=zh") -> Drawn:
        """Opens a page and waits until it is drawn whole."""
        asked, drawn, began = BackMsg(), Drawn(), time.perf_counter()
        asked.rerun_script.query_string, asked.rerun_script.page_name = query, path_of(name)
        await self.socket.send(asked.SerializeToString())
        while True:
            told = ForwardMsg()
            message: bytes = await self.socket.recv()  # type: ignore[assignment]
            told.ParseFromString(message)
            kind = told.WhichOneof("type")
            if kind == "delta":
                drawn.received += message
                element = told.delta.new_element
                if element.HasField("exception"):
                    drawn.exceptions.append(f"{element.exception.type}: {element.exception.message}")
                drawn.words += [
                    text for text in (element.markdown.body, element.heading.body, element.html.body, element.alert.body) if text
                ]
            elif kind == "script_finished":
                drawn.seconds = time.perf_counter() - began
                return drawn
