"""Runs one command of the test on a real aiohttp CookieJar: JSON in, JSON out.

An aiohttp before 3.14 saves pickles; for those the JSON layout is read and written
here, over the public methods of the jar, and the answer says so ("native": false).
"""
import asyncio
import json
import sys
from http.cookies import Morsel, SimpleCookie

import aiohttp
from yarl import URL

NATIVE = tuple(int(p) for p in aiohttp.__version__.split(".")[:2]) >= (3, 14)


def load(jar, path):
    if NATIVE:
        jar.load(path)
        return
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    for group, cookies in data.items():
        domain = group.split("|", 1)[0]
        for fields in cookies.values():
            morsel = Morsel()
            morsel.__setstate__({k: fields[k] for k in ("key", "value", "coded_value")})
            for name in Morsel._reserved:
                if name in fields and not (name == "domain" and fields.get("host_only")):
                    morsel[name] = fields[name]
            cookie = SimpleCookie()
            dict.__setitem__(cookie, fields["key"], morsel)
            jar.update_cookies(cookie, URL("https://" + domain) if domain else URL())


def save(jar, path):
    if NATIVE:
        jar.save(path)
        return
    data = {}
    for morsel in jar:
        fields = {"key": morsel.key, "value": morsel.value, "coded_value": morsel.coded_value}
        fields.update({k: v for k, v in morsel.items() if v})
        if (morsel["domain"], morsel.key) in jar._host_only_cookies:
            fields["host_only"] = True
        group = morsel["domain"] + "|" + morsel["path"].rstrip("/")
        data.setdefault(group, {})[morsel.key] = fields
    with open(path, "w", encoding="utf-8") as f:
        json.dump(data, f, indent=2)


async def main():
    command = json.load(sys.stdin)
    jar = aiohttp.CookieJar(unsafe=True)
    for url, line in command.get("set", []):
        jar.update_cookies(SimpleCookie(line), URL(url))
    for name, value in command.get("shared", []):
        jar.update_cookies({name: value})
    if "load" in command:
        load(jar, command["load"])
    if "save" in command:
        save(jar, command["save"])
    answer = {"native": NATIVE, "cookies": {}}
    for url in command["urls"]:
        found = jar.filter_cookies(URL(url))
        answer["cookies"][url] = {m.key: m.coded_value for m in found.values()}
    json.dump(answer, sys.stdout)


asyncio.run(main())
