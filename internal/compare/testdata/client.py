"""Sends the requests that come as lines of JSON on stdin with aiohttp.

It answers each with a line of JSON: the status or the class of the exception.
"""
import asyncio
import json
import socket
import sys

# Debian's package may have them beside it, and aiohttp would then ask for br.
sys.modules["brotli"] = None
sys.modules["brotlicffi"] = None

import aiohttp  # noqa: E402
from aiohttp.abc import AbstractResolver  # noqa: E402
from yarl import URL  # noqa: E402


class Loopback(AbstractResolver):
    """Has every name on loopback."""

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [{
            "hostname": host, "host": "127.0.0.1", "port": port,
            "family": socket.AF_INET, "proto": 0, "flags": socket.AI_NUMERICHOST,
        }]

    async def close(self):
        pass


def content(part):
    """What a part or a body is made of."""
    times = part.get("repeat", 1)
    if "bytes" in part:
        return part["bytes"].encode("latin-1") * times
    if "file" in part:
        f = open(part["file"], "rb")
        f.seek(part.get("seek", 0))
        return f
    return part["text"] * times


def form(spec):
    data = aiohttp.FormData()
    if "boundary" in spec:
        data._writer = aiohttp.MultipartWriter("form-data", boundary=spec["boundary"])
        data._is_multipart = True
    for p in spec["fields"]:
        data.add_field(p["name"], content(p), content_type=p.get("type"), filename=p.get("filename"))
    return data


def mixed(spec):
    writer = aiohttp.MultipartWriter(spec["subtype"], boundary=spec["boundary"])
    for p in spec["parts"]:
        if "mixed" in p:
            writer.append(mixed(p["mixed"]))
        elif "json" in p:
            writer.append_json(p["json"])
        else:
            part = writer.append(content(p), {"Content-Type": p["type"]} if "type" in p else None)
            if "filename" in p:
                part.set_content_disposition("attachment", filename=p["filename"])
    return writer


async def chunks(pieces):
    for piece in pieces:
        yield piece.encode()


def body(r):
    if "text" in r or "bytes" in r or "file" in r:
        return content(r)
    if "pairs" in r:
        return [tuple(p) for p in r["pairs"]]
    if "form" in r:
        return form(r["form"])
    if "mixed" in r:
        return mixed(r["mixed"])
    if "stream" in r:
        return chunks(r["stream"])
    return None


def options(r):
    o = {}
    if "params" in r:
        o["params"] = [tuple(p) for p in r["params"]]
    if "headers" in r:
        o["headers"] = [tuple(p) for p in r["headers"]]
    if "skip" in r:
        o["skip_auto_headers"] = r["skip"]
    if "cookies" in r:
        o["cookies"] = {k: v for k, v in r["cookies"]}
    if "json" in r:
        o["json"] = r["json"]
    if "auth" in r:
        o["auth"] = aiohttp.BasicAuth(*r["auth"], encoding="utf-8")
    if "proxy" in r:
        o["proxy"] = r["proxy"]
    if "proxy_auth" in r:
        o["proxy_auth"] = aiohttp.BasicAuth(*r["proxy_auth"], encoding="utf-8")
    if "proxy_headers" in r:
        o["proxy_headers"] = {k: v for k, v in r["proxy_headers"]}
    if r.get("compress"):
        o["compress"] = r["compress"]
    if r.get("chunked"):
        o["chunked"] = True
    if r.get("expect100"):
        o["expect100"] = True
    if r.get("stay"):
        o["allow_redirects"] = False
    data = body(r)
    if data is not None:
        o["data"] = data
    return o


def session(r):
    o = {}
    if "session_headers" in r:
        o["headers"] = [tuple(p) for p in r["session_headers"]]
    if "session_auth" in r:
        o["auth"] = aiohttp.BasicAuth(*r["session_auth"], encoding="utf-8")
    if "session_cookies" in r:
        o["cookies"] = {k: v for k, v in r["session_cookies"]}
    if "session_skip" in r:
        o["skip_auto_headers"] = r["session_skip"]
    if "base" in r:
        o["base_url"] = r["base"]
    if r.get("version") == "1.0":
        o["version"] = aiohttp.HttpVersion10
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=Loopback(), force_close=r.get("force_close", False)),
        timeout=aiohttp.ClientTimeout(total=10), **o)


async def websocket(s, r):
    o = {"headers": [tuple(p) for p in r.get("headers", [])]}
    if "protocols" in r:
        o["protocols"] = r["protocols"]
    if r.get("ws_compress"):
        o["compress"] = 15
    ws = await s.ws_connect(r["url"], **o)
    await ws.close()
    return 101


async def send(r):
    async with session(r) as s:
        if r.get("websocket"):
            return await websocket(s, r)
        url = URL(r["url"], encoded=True) if r.get("urls") == "verbatim" else r["url"]
        async with s.request(r["method"], url, **options(r)) as resp:
            await resp.read()
            status = resp.status
        for url in r.get("then", []):
            async with s.get(url) as resp:
                await resp.read()
                status = resp.status
        return status


async def answer(line):
    try:
        return {"status": await asyncio.wait_for(send(json.loads(line)), 15)}
    except Exception as e:  # it is the outcome, whatever it is
        return {"error": type(e).__name__ + ": " + str(e)}


async def main():
    print(json.dumps({"version": aiohttp.__version__}), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await answer(line)), flush=True)


asyncio.run(main())
