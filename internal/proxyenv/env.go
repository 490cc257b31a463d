package proxyenv

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// Env is what the environment says about proxies, at the time of [Read]. It does
// not change, so it is safe for concurrent use. A nil Env and the zero Env name
// no proxy.
type Env struct {
	http, https, ws, wss entry

	// direct reports with nil that a URL of http or https takes no proxy.
	direct func(*url.URL) (*url.URL, error)
}

// entry is the proxy of a scheme: none, one, or one that cannot be used.
type entry struct {
	proxy *url.URL
	err   error
}

// Read reads the environment by way of getenv; nil is [os.Getenv]. Proxies that
// cannot be used are reported by [Env.Proxy], when one is asked for: they are no
// concern of requests that take another one, or none.
func Read(getenv func(string) string) *Env {
	if getenv == nil {
		getenv = os.Getenv
	}
	cgi := getenv("REQUEST_METHOD") != ""
	first := func(scheme string) entry {
		for _, name := range candidateNames(scheme) {
			if cgi && (name == "HTTP_PROXY" || runtime.GOOS == "windows" && name == "http_proxy") {
				continue
			}
			if name == "" {
				break
			}
			if value := strings.TrimSpace(getenv(name)); value != "" {
				return parseEntry(name, value)
			}
		}
		return entry{}
	}
	e := &Env{
		http:  first("http"),
		https: first("https"),
		ws:    first("ws"),
		wss:   first("wss"),
	}
	noProxy := cmp.Or(getenv("no_proxy"), getenv("NO_PROXY"))
	// The proxies here only make it answer; which one it is has been decided.
	decider := httpproxy.Config{HTTPProxy: "http://any", HTTPSProxy: "http://any", NoProxy: noProxyList(noProxy)}
	e.direct = decider.ProxyFunc()
	return e
}

// candidateNames are the variables that may name the proxy of a scheme; the first that
// is set does.
func candidateNames(scheme string) [6]string {
	switch scheme {
	case "http":
		return [6]string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}
	case "https":
		return [6]string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
	case "ws":
		return [6]string{"ws_proxy", "WS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}
	case "wss":
		return [6]string{"wss_proxy", "WSS_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
	}
	return [6]string{}
}

// parseEntry reads a variable. "host:port" is a proxy of http, as everywhere.
func parseEntry(name, value string) entry {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	proxy, err := ParseProxy(value)
	if err != nil {
		return entry{err: fmt.Errorf("environment variable %s: %w", name, err)}
	}
	return entry{proxy: proxy}
}

// Proxy returns the proxy for u, or nil for none: if no variable names one, if
// no_proxy lists the host, or if the scheme is not http, https, ws or wss. The
// URL is the caller's and as [ParseProxy] gives it; credentials are in its User.
// Ask for each redirect anew.
//
// The error wraps an [*errors.InvalidURLError] and names the variable, but no
// secret.
func (e *Env) Proxy(u *url.URL) (*url.URL, error) {
	if e == nil || u == nil {
		return nil, nil
	}
	var found entry
	scheme := ""
	switch strings.ToLower(u.Scheme) {
	case "http":
		found, scheme = e.http, "http"
	case "https":
		found, scheme = e.https, "https"
	case "ws":
		found, scheme = e.ws, "http"
	case "wss":
		found, scheme = e.wss, "https"
	}
	if found == (entry{}) || e.isDirect(scheme, u.Host) {
		return nil, nil
	}
	if found.err != nil {
		return nil, found.err
	}
	proxy := *found.proxy
	return &proxy, nil
}

// isDirect asks about a host with the case and the final dot taken off it, which
// mean nothing in a name. The scheme gives the port if there is none.
func (e *Env) isDirect(scheme, host string) bool {
	u := url.URL{Scheme: scheme, Host: strings.ToLower(host)}
	if name := u.Hostname(); strings.HasSuffix(name, ".") {
		u.Host = strings.TrimSuffix(name, ".") + u.Host[len(name):]
	}
	proxy, err := e.direct(&u)
	return err == nil && proxy == nil
}
