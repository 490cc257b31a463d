package certs

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Target reads HOST[:PORT], or the URL of an https server, and returns the URL
// with its port.
func Target(word string) (*url.URL, error) {
	text := word
	if addr, err := netip.ParseAddr(strings.Trim(word, "[]")); err == nil && addr.Is6() {
		text = "[" + addr.String() + "]"
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	if i := strings.Index(text, "://") + len("://"); strings.ContainsAny(text[i:], "/?#") {
		text = text[:i+strings.IndexAny(text[i:], "/?#")] // no page has certificates
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("not HOST or HOST:PORT")
	case u.Scheme != "https" && u.Scheme != "wss":
		return nil, errors.New("only https has certificates")
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return &url.URL{Scheme: "https", Host: net.JoinHostPort(u.Hostname(), port), Path: "/"}, nil
}
