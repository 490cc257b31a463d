package connector

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
)

// fromEnv is the proxy that the environment has for a URL, or nil. The
// credentials of one that brings none are looked for in the netrc file.
func (c *Connector) fromEnv(u *url.URL) (*proxy, error) {
	found, err := c.environ.Proxy(os.Getenv, u)
	if err != nil || found == nil {
		return nil, err
	}
	if found.User == nil {
		if login, password, ok := c.netrcEntry(found.Hostname()); ok {
			found.User = url.UserPassword(login, password)
		}
	}
	return newProxy(&Proxy{URL: found})
}

// netrcEntry looks a host up in the user's netrc file. A file that is missing or
// damaged has no entries, as in aiohttp: it is not what the request is about.
func (c *Connector) netrcEntry(host string) (login, password string, ok bool) {
	file, err := c.netrc.Load(os.Getenv)
	if err != nil {
		return "", "", false
	}
	return file.Find(host)
}

// authorize gives a request the credentials that the netrc file has for its
// host, unless it brings some.
func (x *exchange) authorize(header http.Header) http.Header {
	if hasField(header, "Authorization") {
		return header
	}
	login, password, ok := x.c.netrcEntry(x.key.host)
	if !ok {
		return header
	}
	header = header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Authorization", basicAuth(login, password))
	return header
}

func basicAuth(login, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))
}
