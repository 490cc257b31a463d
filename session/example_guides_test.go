package session_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// The functions of this file are what the guides in docs show, as in
// example_docs_test.go; guides_test.go runs them.

// guideClient is how a program of net/http's begins.
func guideClient() (*http.Client, error) {
	//doc:begin
	s, err := session.New(session.Config{TrustEnv: true}) // as http.DefaultTransport, which takes proxies from the environment
	if err != nil {
		return nil, err
	}
	client := s.Client() // everything that takes an *http.Client goes on as it is
	//doc:end
	return client, nil
}

func guideSameRequest(ctx context.Context, s *session.Session, url string) ([]byte, error) {
	//doc:begin
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.Do(req) // the contract of http.Client.Do
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
	//doc:end
}

// thing is what the guides talk about.
type thing struct {
	Name string `json:"name"`
}

func guideShort(ctx context.Context, s *session.Session) (thing, error) {
	return session.Decode[thing](s.Get(ctx, "https://api.example/things/1", session.Query("full", "true"), session.CheckStatus()))
}

// apiError is how the server of the guides says what is wrong.
type apiError struct {
	Message string `json:"message"`
}

func guideErrorBody(ctx context.Context, s *session.Session) (string, error) {
	//doc:begin
	_, err := session.Decode[thing](s.Post(ctx, "https://api.example/things", session.JSON(thing{"lamp"}), session.CheckStatus()))
	var refused *errors.ClientResponseError
	if errors.As(err, &refused) { // a status of 400 or more
		var said apiError
		if json.Unmarshal(refused.Body, &said) == nil { // its first 4 KiB
			return said.Message, nil
		}
	}
	//doc:end
	return "", err
}

func guideOAuth2(fetch func(ctx context.Context) (token string, expiry time.Time, err error)) (*session.Session, error) {
	//doc:begin
	tokens := middleware.TokenSource(middleware.TokenConfig{
		Fetch: func(ctx context.Context) (middleware.Token, error) {
			token, expiry, err := fetch(ctx) // one call at a time, however many requests wait
			return middleware.Token{Value: token, Expiry: expiry}, err
		},
		Origins: []string{"https://api.example"}, // and nobody else gets one, redirects included
	})
	return session.New(session.Config{Middleware: []middleware.Middleware{tokens}})
	//doc:end
}

// signHMAC signs the method, the path with its query, the time and the body of what goes
// to the origin.
func signHMAC(key []byte, origin string, now func() time.Time) middleware.Middleware {
	return func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.URL.Scheme+"://"+req.URL.Host != origin { // a redirect leads elsewhere
				return next.RoundTrip(req)
			}
			var body []byte
			if req.Body != nil {
				var err error
				if body, err = io.ReadAll(req.Body); err != nil {
					req.Body.Close()
					return nil, err
				}
				req.Body.Close()
			}
			req = req.Clone(req.Context()) // the caller's stays as it was
			if body != nil {
				middleware.SetBody(req, body)
			}
			stamp := strconv.FormatInt(now().Unix(), 10)
			mac := hmac.New(sha256.New, key)
			fmt.Fprintf(mac, "%s\n%s\n%s\n", req.Method, req.URL.RequestURI(), stamp)
			mac.Write(body)
			req.Header.Set("X-Timestamp", stamp)
			req.Header.Set("X-Signature", hex.EncodeToString(mac.Sum(nil)))
			return next.RoundTrip(req)
		})
	}
}

func guideSigned(key []byte) (*session.Session, error) {
	return session.New(session.Config{
		Middleware: []middleware.Middleware{
			middleware.Retry(middleware.RetryPolicy{}), // outside: each attempt is signed anew
			signHMAC(key, "https://api.example", time.Now),
		},
		SensitiveHeaders: []string{"X-Signature"}, // hidden in logs, HAR files and cassettes
	})
}

// renewed is a certificate that is read again when its file has changed.
type renewed struct {
	certFile, keyFile string

	mu      sync.Mutex
	changed time.Time
	current *tls.Certificate
}

// newest is for tls.Config.GetClientCertificate: it is called for each handshake.
func (r *renewed) newest(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(r.certFile)
	if err != nil {
		return nil, err
	}
	if r.current == nil || !info.ModTime().Equal(r.changed) {
		cert, err := tls.LoadX509KeyPair(r.certFile, r.keyFile)
		if err != nil && r.current == nil {
			return nil, err
		}
		if err == nil { // else the two files are just being exchanged: the next handshake looks again
			r.current, r.changed = &cert, info.ModTime()
		}
	}
	return r.current, nil
}

func guideClientCert(r *renewed) (*connector.Connector, error) {
	return connector.New(connector.Config{
		TLS: &tls.Config{
			MinVersion:             tls.VersionTLS12,
			GetClientCertificate:   r.newest,
			SessionTicketsDisabled: true, // a resumed session is still that of the old certificate
		},
		MaxConnAge: 10 * time.Minute, // and so is a connection that is kept
	})
}

// rotate gives each request the next proxy.
func rotate(proxies ...string) func() session.Option {
	var n atomic.Uint64
	return func() session.Option {
		return session.Proxy(proxies[(n.Add(1)-1)%uint64(len(proxies))])
	}
}

func guideRotate(ctx context.Context, s *session.Session, urls []string) {
	//doc:begin
	next := rotate("http://proxy-a.example:3128", "http://proxy-b.example:3128", "socks5h://proxy-c.example:1080")
	for _, url := range urls {
		resp, err := s.Get(ctx, url, next())
		if errors.Is(err, errors.ErrClientProxyConnection) || errors.Is(err, errors.ErrClientHTTPProxy) {
			resp, err = s.Get(ctx, url, next()) // the proxy is at fault, not the server: another one
		}
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(url, resp.Status)
		resp.Close()
	}
	//doc:end
}

func guideWarmUp(ctx context.Context, s *session.Session, n int) error {
	//doc:begin
	var wg sync.WaitGroup
	failed := make(chan error, n)
	for range n { // at once, so that each needs a connection of its own
		wg.Go(func() {
			resp, err := s.Head(ctx, "https://api.example/health")
			if err == nil {
				err = resp.Close() // the connection is idle now, and kept
			}
			failed <- err
		})
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			return err // not ready: let the orchestrator know
		}
	}
	//doc:end
	return nil
}

func guideEnd(stop context.Context, server *http.Server, s *session.Session, conn *connector.Connector) error {
	//doc:begin
	<-stop.Done() // signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := server.Shutdown(ctx) // first who asks us: its handlers still need the session
	if err2 := s.Shutdown(ctx); err2 != nil {
		err = errors.Join(err, err2, s.Close()) // what is under way is broken off
	}
	if err2 := conn.Shutdown(ctx); err2 != nil { // a connector of our own, perhaps of several sessions
		err = errors.Join(err, err2, conn.Close())
	}
	//doc:end
	return err
}

func guideQueue() (*session.Session, error) {
	return session.New(session.Config{
		Timeout: session.ClientTimeout{
			Total:    -1,               // the place in the queue may take hours
			SockRead: 30 * time.Second, // but no server may be silent for longer
		},
		Middleware: []middleware.Middleware{middleware.RateLimit(middleware.RateLimitConfig{PerHost: 1})},
	})
}

func guideQueueAll(ctx context.Context, s *session.Session, urls []string, store func(url string, body []byte)) error {
	//doc:begin
	jobs := make(chan string)
	failed := make(chan error, len(urls))
	var wg sync.WaitGroup
	for range 16 { // as many as can be under way; the others wait here, and no clock of theirs runs
		wg.Go(func() {
			for url := range jobs {
				resp, err := s.Get(ctx, url, session.CheckStatus(), session.Timeout(2*time.Minute))
				if err == nil {
					var body []byte
					if body, err = resp.Bytes(); err == nil {
						store(url, body)
					}
				}
				failed <- err
			}
		})
	}
	for _, url := range urls {
		jobs <- url
	}
	close(jobs)
	wg.Wait()
	close(failed)
	var all []error
	for err := range failed {
		all = append(all, err)
	}
	return errors.Join(all...)
	//doc:end
}

// signedBody is what a server does with signHMAC's headers.
func signedBody(key []byte, r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s\n%s\n%s\n", r.Method, r.URL.RequestURI(), r.Header.Get("X-Timestamp"))
	io.Copy(mac, bytes.NewReader(body))
	return err == nil && r.Header.Get("X-Signature") == hex.EncodeToString(mac.Sum(nil))
}
