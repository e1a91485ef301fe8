"""A client that costs little: prepared bytes on kept connections, answers read to their end."""

import asyncio
import time


async def request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes, status: int = 200
) -> bytes:
    """Send one request and return the body of the answer."""
    writer.write(message)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status}".encode()), head
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return await reader.readexactly(length)


async def hammer(port: int, message: bytes, seconds: float, connections: int = 16) -> tuple[float, float]:
    """Send the same request again and again. Returns requests per second and the 99th percentile in ms."""
    took: list[float] = []
    clock = time.perf_counter

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while clock() < end:
            started = clock()
            await request(reader, writer, message)
            took.append(clock() - started)
        writer.close()

    end = clock() + seconds
    await asyncio.gather(*(client() for _ in range(connections)))
    took.sort()
    return len(took) / seconds, took[int(len(took) * 0.99)] * 1000
