"""aiohttp's server, which tells as JSON what it understood of a multipart."""
import asyncio
import base64
import sys

from aiohttp import BodyPartReader, web


async def tell(reader):
    parts = []
    while True:
        part = await reader.next()
        if part is None:
            return parts
        told = {"headers": dict(part.headers), "type": part.headers.get("Content-Type", "")}
        if isinstance(part, BodyPartReader):
            data = await part.read(decode=True)
            told.update(name=part.name, filename=part.filename, data=base64.b64encode(data).decode())
        else:
            told.update(parts=await tell(part))
        parts.append(told)


async def multipart(request):
    return web.json_response(await tell(await request.multipart()))


async def post(request):
    return web.json_response([[k, v] for k, v in (await request.post()).items()])


async def main():
    app = web.Application(client_max_size=1 << 30)
    app.router.add_post("/multipart", multipart)
    app.router.add_post("/post", post)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


asyncio.run(main())
