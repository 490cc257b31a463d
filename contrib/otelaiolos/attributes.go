package otelaiolos

import (
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

const schemaURL = semconv.SchemaURL

// server is where a request goes.
type server struct {
	address string
	port    int
}

func serverOf(u *url.URL) server {
	if u == nil {
		return server{}
	}
	s := server{address: u.Hostname(), port: 80}
	if u.Scheme == "https" || u.Scheme == "wss" {
		s.port = 443
	}
	if p := u.Port(); p != "" {
		s.port, _ = strconv.Atoi(p) // what is no number is refused below
	}
	return s
}

// serverOfOrigin is that of scheme://host:port, or of host:port.
func serverOfOrigin(origin string) server {
	if !strings.Contains(origin, "://") {
		return serverOfHost(origin)
	}
	u, err := url.Parse(origin)
	if err != nil {
		return server{address: origin}
	}
	return serverOf(u)
}

// serverOfHost is that of host:port. Without a port it is 0, which is not known.
func serverOfHost(host string) server {
	address, port, err := net.SplitHostPort(host)
	if err != nil {
		return server{address: host}
	}
	s := server{address: address}
	s.port, _ = strconv.Atoi(port) // it was connected to, or is looked up
	return s
}

// knownMethod is the method as metrics and span names have it: one of those that the
// conventions know, or _OTHER.
func knownMethod(method string) string {
	switch method {
	case "":
		return http.MethodGet
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace, "QUERY":
		return method
	}
	return "_OTHER"
}

// protocolVersion is that of the conventions: "1.1" or "2".
func protocolVersion(proto string) string {
	switch v := strings.TrimPrefix(proto, "HTTP/"); v {
	case "2.0":
		return "2"
	case "3.0":
		return "3"
	default:
		return v
	}
}

// attrKey is what the metrics of a request are told apart by.
type attrKey struct {
	server
	method, protocol, errorType string
	status                      int
	cached                      bool // of a name: it was not looked up
}

// attrSet is the options of a measurement, made once for all requests that are alike.
type attrSet struct {
	record []metric.RecordOption
	add    []metric.AddOption
}

// setCache has the options of measurements. Readers take no lock.
type setCache struct {
	sets atomic.Pointer[map[attrKey]*attrSet]
	mu   sync.Mutex // held by who adds one
}

// maxSets bounds the cache. What has no room is made for each request.
const maxSets = 1000

func (c *setCache) get(k attrKey) *attrSet {
	known := c.sets.Load()
	if known != nil {
		if s := (*known)[k]; s != nil {
			return s
		}
	}
	set := metric.WithAttributeSet(attribute.NewSet(k.attributes()...))
	s := &attrSet{[]metric.RecordOption{set}, []metric.AddOption{set}}
	if known == nil || len(*known) < maxSets {
		k.address = strings.Clone(k.address) // it would keep a URL alive
		c.add(k, s)
	}
	return s
}

func (c *setCache) add(k attrKey, s *attrSet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	more := map[attrKey]*attrSet{}
	if known := c.sets.Load(); known != nil {
		more = maps.Clone(*known)
	}
	more[k] = s
	c.sets.Store(&more)
}

func (k attrKey) attributes() []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, 7)
	if k.method != "" {
		attrs = append(attrs, semconv.HTTPRequestMethodKey.String(k.method))
	}
	attrs = append(attrs, semconv.ServerAddress(strings.Clone(k.address)), semconv.ServerPort(k.port))
	if k.protocol != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(k.protocol))
	}
	if k.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(k.status))
	}
	if k.errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(k.errorType))
	}
	if k.cached {
		attrs = append(attrs, cachedKey.Bool(true))
	}
	return attrs
}

// parseOrigins brings origins into the form of originOf. Nil stays nil.
func parseOrigins(list []string) (map[string]bool, error) {
	if list == nil {
		return nil, nil
	}
	origins := map[string]bool{}
	for _, raw := range list {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme == "" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.User != nil {
			return nil, &errors.InvalidRequestError{Field: "PropagateTo", Reason: "not an origin, as https://host"}
		}
		origins[originOf(u)] = true
	}
	return origins, nil
}

func originOf(u *url.URL) string {
	s := serverOf(u)
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(s.address) + ":" + strconv.Itoa(s.port)
}

// firstHop is the request that a chain of redirects has begun with, and how many there
// were.
func firstHop(req *http.Request) (first *http.Request, hops int) {
	for req.Response != nil && req.Response.Request != nil && req.Response.Request != req {
		req = req.Response.Request
		hops++
	}
	return req, hops
}
