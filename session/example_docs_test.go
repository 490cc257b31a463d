package session_test

import (
	"context"
	"crypto/tls"
	"expvar"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/cassette"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

// The functions of this file are what the pages in docs show: all of a body, or
// what stands between doc:begin and doc:end. "make readme" copies it.

func docsTimeouts(ctx context.Context) error {
	s, err := session.New(session.Config{Timeout: session.ClientTimeout{Total: 30 * time.Second, SockRead: 10 * time.Second}})
	if err != nil {
		return err
	}
	defer s.Close()
	// This request may take longer; its sock_read is still the session's.
	resp, err := s.Get(ctx, "https://example.com/report", session.Timeout(5*time.Minute))
	//doc:end
	if err != nil {
		return err
	}
	return resp.Close()
}

func docsErrors(err error) {
	var status *errors.ClientResponseError
	var slow *errors.TimeoutError
	switch {
	case errors.As(err, &status):
		fmt.Println(status.Status, string(status.Body)) // the start of what the server said
	case errors.As(err, &slow):
		fmt.Println(slow.Phase, slow.Limit) // where it was, and which limit struck
	case errors.Is(err, errors.ErrClientConnector):
		fmt.Println("no connection could be made:", err)
	case errors.Is(err, errors.ErrClientPayload):
		fmt.Println("the body broke off:", err)
	}
}

func docsRetries() (*session.Session, error) {
	budget := &middleware.RetryBudget{} // shared by all that talk to this service
	return session.New(session.Config{Middleware: []middleware.Middleware{
		middleware.Retry(middleware.RetryPolicy{Attempts: 4, MinWait: 100 * time.Millisecond, Budget: budget}),
	}})
}

func docsPins(ctx context.Context, s *session.Session) error {
	pin, err := connector.ParsePin("sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	if err != nil {
		return err
	}
	resp, err := s.Get(ctx, "https://device.local/", session.Pin(pin))             // this certificate, whoever signed it
	resp2, err2 := s.Get(ctx, "https://example.com/", session.Pin(pin.Verified())) // this certificate, and a valid one
	//doc:end
	return errors.Join(err, err2, closeAll(resp, resp2))
}

func docsRotate(ctx context.Context, s *session.Session, current, next connector.Pin) (*session.Response, error) {
	resp, err := s.Get(ctx, "https://device.local/", session.Pin(current))
	if errors.Is(err, errors.ErrServerFingerprintMismatch) { // nothing was sent
		resp, err = s.Get(ctx, "https://device.local/", session.Pin(next))
	}
	return resp, err
}

func docsTLS(cfg *tls.Config) (*connector.Connector, error) {
	return connector.New(connector.Config{TLS: cfg}) // a private authority, client certificates, versions
}

func docsProxies(ctx context.Context) error {
	s, err := session.New(session.Config{TrustEnv: true}) // HTTP_PROXY and its kin, NO_PROXY, ~/.netrc
	if err != nil {
		return err
	}
	defer s.Close()
	resp, err := s.Get(ctx, "https://example.com/", session.Proxy("socks5h://127.0.0.1:1080"), session.ProxyAuth("user", "password"))
	//doc:end
	if err != nil {
		return err
	}
	return resp.Close()
}

func docsCookies(ctx context.Context) error {
	cookies := jar.New(jar.Config{OnReject: func(c *http.Cookie, why jar.Reason) { fmt.Println("refused:", c.Name, why) }})
	if err := cookies.Load("cookies.json"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // the first time there is no file
	}
	s, err := session.New(session.Config{Jar: cookies})
	if err != nil {
		return err
	}
	defer s.Close()
	resp, err := s.Post(ctx, "https://example.com/login", session.Form(url.Values{"user": {"gopher"}}))
	if err != nil {
		return err
	}
	for c := range cookies.All() {
		fmt.Println(c.Domain, c.Name, c.Expires)
	}
	return errors.Join(resp.Close(), cookies.Save("cookies.json"))
}

func docsWebSocket(ctx context.Context, s *session.Session) error {
	c, err := s.WebSocket(ctx, "wss://example.com/feed", &ws.Options{Heartbeat: 20 * time.Second})
	if err != nil {
		return err
	}
	defer c.Close(ws.CloseNormal, "")
	if err := c.SendJSON(ctx, map[string]string{"subscribe": "ticker"}); err != nil {
		return err
	}
	for msg, err := range c.Messages(ctx) {
		if err != nil {
			return err // c.CloseCode() says how it ended
		}
		fmt.Println(msg.Type, string(msg.Data))
	}
	return nil
}

func docsMiddlewares(responses *cache.Cache, log middleware.Middleware) (*http.Client, *session.Session, error) {
	//doc:begin
	s, err := session.New(session.Config{Middleware: []middleware.Middleware{responses.Wrap, log}}) // a session
	client := &http.Client{Transport: middleware.Chain(http.DefaultTransport, responses.Wrap, log)} // anybody's client
	//doc:end
	return client, s, err
}

func docsCache() error {
	store, err := cache.NewDir("/var/cache/program", 256<<20) // or nothing: 64 MiB in memory
	if err != nil {
		return err
	}
	responses := cache.New(cache.Config{Store: store, StaleIfError: time.Hour})
	defer responses.Close()
	//doc:end
	return nil
}

func docsCassette(use func(*http.Client)) error {
	tape, err := cassette.Open("testdata/login.txt", cassette.Config{Mode: cassette.Auto})
	if err != nil {
		return err
	}
	defer tape.Close() // writes the file
	client := &http.Client{Transport: tape.Wrap(http.DefaultTransport)}
	//doc:end
	use(client)
	return nil
}

func docsMock(ctx context.Context) error {
	cfg := session.Config{Timeout: session.ClientTimeout{SockRead: 10 * time.Second}} // the program's
	cfg.Transport = middleware.Answer(404, nil, "no such thing")                      // no network
	cfg.Mock = true                                                                   // SockRead is taken and not kept
	s, err := session.New(cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Get(ctx, "https://api.example/v1/things", session.CheckStatus())
	fmt.Println(errors.Is(err, errors.ErrClientResponse)) // true
	//doc:end
	return nil
}

func docsEvents(logger *slog.Logger) (*session.Session, error) {
	listen := func(ctx context.Context, e middleware.Event) {
		logger.InfoContext(ctx, e.Policy+" "+string(e.Kind), "host", e.Host, "attempt", e.Attempt, "wait", e.Wait, "reason", e.Reason)
	}
	retrier := middleware.NewRetrier(middleware.RetryPolicy{OnEvent: listen})
	breaker := middleware.NewBreaker(middleware.BreakerConfig{OnEvent: listen})
	expvar.Publish("retries", expvar.Func(func() any { return retrier.Stats() }))
	expvar.Publish("breakers", expvar.Func(func() any { return breaker.Stats() }))
	return session.New(session.Config{Middleware: []middleware.Middleware{breaker.Wrap, retrier.Wrap}})
}

func docsBalance() (*session.Session, error) {
	balancer := middleware.NewBalancer(middleware.BalanceConfig{
		Host:   "api.example",                                                    // https://api.example/ in the program
		SRV:    "_https._tcp.api.example",                                        // or Backends, or Lookup
		By:     middleware.LeastOfTwo,                                            // or in turn
		Sticky: func(r *http.Request) string { return r.Header.Get("X-Tenant") }, // "": nobody's
	})
	retrier := middleware.NewRetrier(middleware.RetryPolicy{})
	return session.New(session.Config{Middleware: []middleware.Middleware{retrier.Wrap, balancer.Wrap}}) // in this order
}

// otelhttp stands for go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp.
type otelhttp struct {
	NewTransport func(http.RoundTripper) http.RoundTripper
}

func docsTracing(otelhttp otelhttp) middleware.Middleware {
	//doc:begin
	tracing := func(next http.RoundTripper) http.RoundTripper { return otelhttp.NewTransport(next) }
	//doc:end
	return tracing
}

func closeAll(all ...*session.Response) error {
	var errs []error
	for _, r := range all {
		if r != nil {
			errs = append(errs, r.Close())
		}
	}
	return errors.Join(errs...)
}

// docs keeps the functions above from being unused.
var _ = []any{docsTimeouts, docsErrors, docsRetries, docsPins, docsRotate, docsTLS, docsProxies, docsCookies, docsWebSocket, docsMiddlewares, docsCache, docsCassette, docsMock, docsEvents, docsBalance, docsTracing}
