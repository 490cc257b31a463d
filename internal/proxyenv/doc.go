// Package proxyenv finds the proxy that the environment names for a URL, and
// reads the URLs of proxies.
//
// # Variables
//
// The proxy for a scheme is the first of these that is not empty. Lower case
// comes before upper case.
//
//	http   http_proxy, HTTP_PROXY, all_proxy, ALL_PROXY
//	https  https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY
//	ws     ws_proxy, WS_PROXY, then as http
//	wss    wss_proxy, WSS_PROXY, then as https
//
// HTTP_PROXY does not count if REQUEST_METHOD is set: in a CGI program the client
// decides what is in it (https://httpoxy.org). Where the names of variables have
// no case, on Windows, http_proxy does not count then either.
//
// no_proxy or NO_PROXY lists, with commas or white space, what is asked for directly: a
// domain with all below it, ".domain" for only those below, an address, a prefix such as
// 10.0.0.0/8, each but the prefix with or without a port, or "*" for everything. An
// address of IPv6 may be in brackets, and has to be if a port follows.
// localhost and the loopback addresses are always asked for directly, as in Go's
// net/http.
//
// # Difference from aiohttp
//
// aiohttp (trust_env, getproxies) knows neither ALL_PROXY nor the way from ws to
// http, ignores proxies with https in their URL, and reads no system settings on
// Linux; the settings of Windows and macOS, which it does read, are not read here.
package proxyenv
