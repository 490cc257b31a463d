package h1

import (
	"bufio"
	"cmp"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// writeRequest writes req in the form that a server or, with absolute, a proxy takes.
//
// In the absolute form net/http takes the authority from the Host header, where it is the
// target's own (RFC 9112 3.2.2): if they differ, the whole target is spelled out.
func writeRequest(req *http.Request, bw *bufio.Writer, absolute bool) error {
	if !absolute {
		return req.Write(bw)
	}
	u := req.URL
	if req.Host == "" || req.Host == u.Host || u.Opaque != "" {
		return req.WriteProxy(bw)
	}
	host, err := httpguts.PunycodeHostPort(u.Host)
	if err != nil {
		return err
	}
	target := *u
	path := cmp.Or(u.EscapedPath(), "/") // RFC 9110 4.2.3
	target.Opaque = "//" + withoutZone(host) + path
	spelled := *req
	spelled.URL = &target
	return spelled.Write(bw)
}

// withoutZone is a host without the zone of an IPv6 address, which never leaves the machine
// (RFC 6874 4).
func withoutZone(host string) string {
	end := strings.LastIndexByte(host, ']')
	if !strings.HasPrefix(host, "[") || end < 0 {
		return host
	}
	zone := strings.LastIndexByte(host[:end], '%')
	if zone < 0 {
		return host
	}
	return host[:zone] + host[end:]
}
