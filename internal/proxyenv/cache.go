package proxyenv

import (
	"net/url"
	"os"
	"strings"
	"sync"
)

// variables are those that [Read] looks at.
type variables [13]string

func variableNames() variables {
	return variables{
		"REQUEST_METHOD",
		"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
		"ws_proxy", "WS_PROXY", "wss_proxy", "WSS_PROXY",
		"no_proxy", "NO_PROXY",
	}
}

// Cache keeps what was read last for as long as the environment says the same:
// making sense of it costs more than looking whether it has changed. The zero
// value is empty. It is safe for concurrent use.
type Cache struct {
	mu     sync.Mutex
	values variables
	env    *Env // nil if nothing is kept
}

// Proxy is [Env.Proxy] of what [Read] reads. While no variable names a proxy for the
// scheme, which is the rule, the others are not looked at.
func (c *Cache) Proxy(getenv func(string) string, u *url.URL) (*url.URL, error) {
	if getenv == nil {
		getenv = os.Getenv
	}
	for _, name := range candidateNames(strings.ToLower(u.Scheme)) {
		if name != "" && getenv(name) != "" {
			return c.Read(getenv).Proxy(u)
		}
	}
	return nil, nil
}

// Read is the function [Read].
func (c *Cache) Read(getenv func(string) string) *Env {
	if getenv == nil {
		getenv = os.Getenv
	}
	values := variableNames()
	for i, name := range values {
		values[i] = getenv(name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.env == nil || values != c.values {
		c.env = Read(func(name string) string {
			for i, n := range variableNames() {
				if n == name {
					return values[i]
				}
			}
			return ""
		})
		c.values = values
	}
	return c.env
}
