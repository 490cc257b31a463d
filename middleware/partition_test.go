package middleware_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// partitionNeutral are the settings that change nothing in a response. All others, and
// each that is new, have to keep responses apart.
var partitionNeutral = map[string]bool{
	"Timeout.Total": true, "Timeout.Connect": true, "Timeout.SockConnect": true, "Timeout.SockRead": true,
	"Deadline": true, "Started": true, "Recorder": true, "Observer": true, "Trace": true,
	"Head.Keep": true, "HTTPChunks": true, "DisableStaleRetry": true,
}

// partitionCase is Settings of which one is set, or set to another value.
type partitionCase struct {
	name   string
	before connector.Settings // what it is compared with
	after  connector.Settings
}

func partitionPin(first byte) connector.Pin {
	digest := make([]byte, 32)
	digest[0] = first
	pin, err := connector.NewPin(digest)
	if err != nil {
		panic(err)
	}
	return pin
}

// partitionValues are two values of a type; nil if it is a structure whose fields are
// looked at one by one.
func partitionValues(t *testing.T, of reflect.Type) []any {
	t.Helper()
	switch of {
	case reflect.TypeFor[time.Duration]():
		return []any{time.Hour, 2 * time.Hour}
	case reflect.TypeFor[time.Time]():
		return []any{time.Now().Add(time.Hour), time.Now().Add(2 * time.Hour)}
	case reflect.TypeFor[bool]():
		return []any{true}
	case reflect.TypeFor[int]():
		return []any{7, -1}
	case reflect.TypeFor[string]():
		return []any{"one.example", "two.example"}
	case reflect.TypeFor[*tls.Config]():
		return []any{&tls.Config{ServerName: "x"}, &tls.Config{ServerName: "x"}}
	case reflect.TypeFor[connector.Pin]():
		return []any{partitionPin(1), partitionPin(2), partitionPin(1).Verified()}
	case reflect.TypeFor[*url.URL]():
		return []any{
			&url.URL{Scheme: "http", Host: "p:1"}, &url.URL{Scheme: "http", Host: "p:2"},
			&url.URL{Scheme: "http", Host: "p:1", User: url.UserPassword("a", "b")},
		}
	case reflect.TypeFor[*url.Userinfo]():
		return []any{url.User(""), url.User("a"), url.UserPassword("a", "b")}
	case reflect.TypeFor[http.Header]():
		return []any{http.Header{"A": {"b"}}, http.Header{"A": {"b", "c"}}, http.Header{"A": {"b"}, "C": {""}}}
	case reflect.TypeFor[*connector.Recorder](), reflect.TypeFor[*connector.Trace]():
		return []any{reflect.New(of.Elem()).Interface()}
	}
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		t.Fatalf("there are no values of %v: what does it do to a response?", of)
	}
	return nil
}

// partitionCases has every setting, by reflection. A pointer to a structure is a
// setting itself, even if nothing is set in it.
func partitionCases(t *testing.T) (cases []partitionCase) {
	t.Helper()
	settings := reflect.TypeFor[connector.Settings]()
	var walk func(prefix string, of reflect.Type, into func(*connector.Settings) reflect.Value)
	walk = func(prefix string, of reflect.Type, into func(*connector.Settings) reflect.Value) {
		for i := range of.NumField() {
			field := of.Field(i)
			name := prefix + field.Name
			at := func(s *connector.Settings) reflect.Value { return into(s).Field(i) }
			values := partitionValues(t, field.Type)
			if values == nil {
				inner := field.Type
				if inner.Kind() == reflect.Pointer {
					inner = inner.Elem()
					if name != "Head" { // without values it is as good as nil
						c := partitionCase{name: name}
						at(&c.after).Set(reflect.New(inner))
						cases = append(cases, c)
					}
				}
				walk(name+".", inner, func(s *connector.Settings) reflect.Value {
					v := at(s)
					if v.Kind() != reflect.Pointer {
						return v
					}
					if v.IsNil() {
						v.Set(reflect.New(inner))
					}
					return v.Elem()
				})
				continue
			}
			c := partitionCase{name: name}
			at(&c.before) // what leads to the field is there in both
			for _, value := range values {
				c.after = connector.Settings{}
				at(&c.after).Set(reflect.ValueOf(value))
				cases = append(cases, c)
				c.before = c.after
			}
		}
	}
	walk("", settings, func(s *connector.Settings) reflect.Value { return reflect.ValueOf(s).Elem() })
	return cases
}

// partitionOrigin counts, takes its time, and answers with its count.
type partitionOrigin struct{ asked atomic.Int32 }

func (o *partitionOrigin) RoundTrip(req *http.Request) (*http.Response, error) {
	time.Sleep(time.Second)
	text := fmt.Sprint(o.asked.Add(1))
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", Header: http.Header{"Cache-Control": {"max-age=1000"}},
		Request: req, ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}

func partitionSend(t *testing.T, rt http.RoundTripper, settings connector.Settings) {
	t.Helper()
	req, err := http.NewRequestWithContext(connector.WithSettings(t.Context(), settings), http.MethodGet, "http://h/", nil)
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Error(err)
		return
	}
	mwtest.Drain(t, resp)
}

// What a connector tells connections apart by tells responses apart too: one that came
// under another client certificate, policy or proxy is not handed on.
func TestSettingsPartitionResponses(t *testing.T) {
	t.Parallel()
	for i, tt := range partitionCases(t) {
		t.Run(fmt.Sprint(i, " ", tt.name), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				want := int32(2)
				if partitionNeutral[tt.name] {
					want = 1
				}
				c := cache.New(cache.Config{})
				defer c.Close()
				origin := &partitionOrigin{}
				rt := c.Wrap(origin)
				for range 2 {
					partitionSend(t, rt, tt.before)
					partitionSend(t, rt, tt.after)
				}
				if got := origin.asked.Load(); got != want {
					t.Errorf("cache: %d requests sent, want %d", got, want)
				}
				for name, key := range map[string]func(*http.Request) string{
					"dedupe": nil, "dedupe with a key of the caller's": func(*http.Request) string { return "k" },
				} {
					origin = &partitionOrigin{}
					rt = middleware.Dedupe(middleware.DedupeConfig{Key: key})(origin)
					for range 2 {
						go partitionSend(t, rt, tt.before)
						go partitionSend(t, rt, tt.after)
					}
					time.Sleep(time.Minute)
					if got := origin.asked.Load(); got != want {
						t.Errorf("%s: %d requests sent, want %d", name, got, want)
					}
				}
				if got := partitionTokens(t, tt); got != want {
					t.Errorf("token source: %d tokens, want %d", got, want)
				}
			})
		})
	}
}

// partitionTokens is how many tokens two requests need, one after the other and twice:
// a token may be bound to the certificate of whoever fetched it (RFC 8705).
func partitionTokens(t *testing.T, tt partitionCase) int32 {
	t.Helper()
	var fetched atomic.Int32
	rt := middleware.TokenSource(middleware.TokenConfig{Fetch: func(context.Context) (middleware.Token, error) {
		return middleware.Token{Value: fmt.Sprint(fetched.Add(1))}, nil
	}})(&partitionOrigin{})
	for range 2 {
		partitionSend(t, rt, tt.before)
		partitionSend(t, rt, tt.after)
	}
	return fetched.Load()
}

// Targets that are not in the path, and line ends in what keys are made of, lead to no
// other request's response.
func TestOddTargetsAreNotShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the origin takes its time
		plain := &url.URL{Scheme: "http", Host: "h", Path: "/"}
		for name, odd := range map[string]*url.URL{
			"opaque":          {Scheme: "http", Host: "h", Opaque: "//h/other"},
			"opaque, no host": {Scheme: "http", Opaque: "/"},
			"line in query":   {Scheme: "http", Host: "h", Path: "/", RawQuery: "\nauth x"},
			"line in host":    {Scheme: "http", Host: "h\n", Path: "/"},
		} {
			origin := &partitionOrigin{}
			c := cache.New(cache.Config{})
			rt := c.Wrap(origin)
			for _, u := range []*url.URL{plain, odd, odd, plain} {
				resp, err := rt.RoundTrip((&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}).WithContext(t.Context()))
				if err != nil {
					t.Fatal(err)
				}
				mwtest.Drain(t, resp)
			}
			if got := origin.asked.Load(); got != 3 {
				t.Errorf("%s: %d requests sent, want 3", name, got)
			}
			c.Close()
		}
	})
	synctest.Test(t, func(t *testing.T) {
		origin := &partitionOrigin{}
		rt := middleware.Dedupe(middleware.DedupeConfig{})(origin)
		for _, host := range []string{"a", "b"} {
			go func() {
				u := &url.URL{Scheme: "http", Host: host, Opaque: "/"}
				resp, err := rt.RoundTrip((&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}).WithContext(t.Context()))
				if err == nil {
					resp.Body.Close()
				}
			}()
		}
		time.Sleep(time.Minute)
		if got := origin.asked.Load(); got != 2 {
			t.Errorf("dedupe: %d requests sent, want 2", got)
		}
	})
}
