// Package interop holds the tests of the connector, the session and what works on
// them against real servers and proxies: nginx, squid, tinyproxy, dante,
// microsocks, haproxy, dnsmasq, apache and aiohttp, and of the files of cookies that
// curl, wget, Python and yt-dlp write. It has no code of its own.
//
// The tests have the build tag interop and are run by "make interop". Each
// starts what it needs as a child, on a loopback address of its own, and ends it.
// A server that is not installed is skipped. They need Linux, where all of
// 127.0.0.0/8 is there to be listened on.
package interop
