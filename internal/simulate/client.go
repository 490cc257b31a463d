package simulate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
)

// client runs the operations of a plan, and notes what comes of them.
type client struct {
	plan  *Plan
	dir   string // for files
	conn  *connector.Connector
	s     *session.Session
	bare  http.RoundTripper // what the session is above of
	cache *cache.Cache
	certs *certificates
	tls   map[string]*tls.Config // of users: a policy is told apart by its identity
	epoch time.Time

	mu      sync.Mutex
	results []*result
	texts   []string // all that was printed
	over    time.Duration
}

// result is what came of one operation.
type result struct {
	op         Op
	start, end time.Duration
	err        error
	status     int
	head       string // the identity in the head
	header     http.Header
	body       []byte
	whole      bool     // the body was read to its end
	got        []string // events, messages
	file       []byte   // that was published; nil: none
	wrong      []string // what the operation itself has seen
}

func newClient(p *Plan, n *network, c *certificates, dir string) (*client, error) {
	k := &client{plan: p, dir: dir, certs: c, tls: map[string]*tls.Config{}, epoch: time.Now()}
	for user, leaf := range c.users {
		k.tls[user] = &tls.Config{RootCAs: c.good.Pool, Certificates: []tls.Certificate{leaf.TLS}}
	}
	var err error
	k.conn, err = connector.New(connector.Config{
		Limit: p.Client.Limit, LimitPerHost: p.Client.PerHost, KeepAlive: p.Client.KeepAlive,
		MaxConnAge: p.Client.MaxConnAge, ForceClose: p.Client.ForceClose,
		DialContext: n.dial, TLS: c.good.Client(),
	})
	if err != nil {
		return nil, err
	}
	chain, err := k.chain()
	if err != nil {
		return nil, err
	}
	k.bare = middleware.Chain(k.conn, chain...)
	k.s, err = session.New(session.Config{
		Connector: k.conn, OwnConnector: true, Jar: jar.Discard{}, Middleware: chain,
		Timeout:          session.ClientTimeout{SockRead: p.Client.SockRead},
		Options:          []session.Option{session.Header(apiKey, canary+"-key")},
		SensitiveHeaders: []string{apiKey},
	})
	return k, err
}

// chain makes the middlewares of the plan.
func (k *client) chain() ([]middleware.Middleware, error) {
	var chain []middleware.Middleware
	for _, name := range k.plan.Client.Chain {
		switch name {
		case "cache":
			cfg := cache.Config{}
			if k.plan.Client.CacheDir {
				store, err := cache.NewDir(filepath.Join(k.dir, "cache"), 0)
				if err != nil {
					return nil, err
				}
				cfg.Store = store
			}
			k.cache = cache.New(cfg)
			chain = append(chain, k.cache.Wrap)
		case "dedupe":
			chain = append(chain, middleware.Dedupe(middleware.DedupeConfig{}))
		case "concurrency":
			chain = append(chain, middleware.Concurrency(middleware.ConcurrencyLimit{PerHost: k.plan.Client.Slots}))
		case "retry":
			chain = append(chain, middleware.Retry(middleware.RetryPolicy{MinWait: 50 * time.Millisecond, MaxWait: time.Second}))
		case "hedge":
			chain = append(chain, middleware.Hedge(middleware.HedgePolicy{
				Delay: 100 * time.Millisecond, Budget: &middleware.RetryBudget{Ratio: -1},
			}))
		case "ratelimit":
			chain = append(chain, middleware.RateLimit(middleware.RateLimitConfig{PerHost: 50, Burst: 5}))
		case "breaker":
			chain = append(chain, middleware.CircuitBreaker(middleware.BreakerConfig{OpenFor: 300 * time.Millisecond}))
		}
	}
	return chain, nil
}

// since is the time of the plan.
func (k *client) since() time.Duration { return time.Since(k.epoch) }

// run runs one operation at its time.
func (k *client) run(op Op, n *network) {
	time.Sleep(op.At - k.since())
	r := &result{op: op, start: k.since()}
	switch op.Kind {
	case Request:
		k.request(r)
	case Save:
		k.save(r)
	case Events:
		k.events(r)
	case Socket:
		k.socket(r)
	case Shutdown:
		k.shutdown(r)
	case CloseIdle:
		k.conn.CloseIdleConnections()
	case Damage:
		op.damage(filepath.Join(k.dir, "cache"))
	case Dial:
		n.breakDials(op)
	case Growth:
		r.wrong = growth()
	case Wire:
	}
	r.end = k.since()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.results = append(k.results, r)
}

// url is what the operation asks for. The query has a secret.
func (op *Op) url() string {
	path := "/op/" + strconv.Itoa(op.ID)
	if op.Shared > 0 {
		path = "/shared/" + strconv.Itoa(op.Shared)
	}
	return op.Host.url() + path + "?token=" + canary + "-query"
}

// context is that of the operation: it may end early.
func (op *Op) context() (context.Context, context.CancelFunc) {
	if op.Bare { // nobody else knows of the total timeout
		end := op.Total
		if op.Cancel > 0 {
			end = min(end, op.Cancel)
		}
		return context.WithTimeout(context.Background(), end)
	}
	if op.Cancel > 0 {
		ctx, cancel := context.WithCancel(context.Background())
		timer := time.AfterFunc(op.Cancel, cancel)
		return ctx, func() { timer.Stop(); cancel() }
	}
	return context.WithCancel(context.Background())
}

// options are those that say who asks, and how the server is held to be.
func (k *client) options(op *Op) []session.Option {
	opts := []session.Option{session.Timeout(op.Total)}
	switch {
	case op.User == "":
	case op.Show == "auth":
		opts = append(opts, session.BasicAuth(op.User, password(op.User)))
	case op.Show == "cookie":
		opts = append(opts, session.Cookie("ticket", ticket(op.User)))
	case op.Show == "cert":
		opts = append(opts, session.TLS(k.tls[op.User]))
	}
	if op.Through != "" {
		opts = append(opts, session.Proxy("http://"+op.Through.addr()))
	}
	if op.Login != "" {
		opts = append(opts, session.ProxyAuth(op.Login, password(op.Login)))
	}
	if trust := k.trust(op); trust != nil {
		opts = append(opts, *trust)
	}
	if op.Key {
		opts = append(opts, session.Header("Idempotency-Key", strconv.Itoa(op.ID)))
	}
	return opts
}

func (k *client) trust(op *Op) *session.Option {
	var o session.Option
	good, evil := sha256.Sum256(k.certs.good.DER), sha256.Sum256(k.certs.evil.DER)
	switch op.Trust {
	case "insecure":
		o = session.Insecure()
	case "pin":
		o = session.Fingerprint(evil[:])
	case "wrongpin":
		o = session.Fingerprint(good[:])
	default:
		return nil
	}
	return &o
}

// request sends one request and reads its answer.
func (k *client) request(r *result) {
	op := &r.op
	ctx, cancel := op.context()
	defer cancel()
	resp, err := k.send(ctx, op)
	if err != nil {
		r.err = err
		return
	}
	defer resp.Body.Close()
	r.status, r.head, r.header = resp.StatusCode, resp.Header.Get("X-Sim"), resp.Header
	r.body, r.err = k.read(resp.Body, op)
	r.whole = r.err == nil && op.Take < 0
}

// read reads the body as the operation does.
func (k *client) read(body io.Reader, op *Op) ([]byte, error) {
	limit := op.Take
	if limit < 0 {
		limit = 1 << 30
	}
	var all bytes.Buffer
	buf := make([]byte, 10_000)
	for all.Len() < limit {
		n, err := body.Read(buf[:min(len(buf), limit-all.Len())])
		all.Write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return all.Bytes(), err
		}
		if op.Pause > 0 {
			time.Sleep(op.Pause)
		}
	}
	return all.Bytes(), nil
}

// send sends with the options of a session, or as a request of net/http's whose
// names are not in canonical form.
func (k *client) send(ctx context.Context, op *Op) (*http.Response, error) {
	if op.Lower {
		return k.sendNative(ctx, op)
	}
	opts := k.options(op)
	if op.Body > 0 || op.Once {
		var body io.Reader = bytes.NewReader(op.body())
		if op.Once {
			body = io.MultiReader(body) // without a length, and not to be read again
		}
		opts = append(opts, session.Body(body))
	}
	resp, err := k.s.Request(ctx, op.Method, op.url(), opts...)
	if err != nil {
		return nil, err
	}
	k.print(resp.RequestInfo(), k.conn.Stats())
	return resp.Response, nil
}

func (k *client) sendNative(ctx context.Context, op *Op) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, op.Method, op.url(), http.NoBody)
	if err != nil {
		return nil, err
	}
	if op.Body > 0 {
		data := op.body()
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
		if !op.Once {
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		}
	}
	switch {
	case op.User == "":
	case op.Show == "auth":
		req.Header["authorization"] = []string{basic(op.User)}
	default:
		req.Header["cookie"] = []string{"ticket=" + ticket(op.User)}
	}
	if op.Key {
		req.Header["idempotency-key"] = []string{strconv.Itoa(op.ID)}
	}
	if op.Bare {
		req.Header.Set(apiKey, canary+"-key") // as the session does: else it would be somebody else
		return k.bare.RoundTrip(req)
	}
	native := *op
	native.User, native.Key = "", false
	return k.s.With(k.options(&native)...).Do(req)
}

// shutdown ends the session while others use it.
func (k *client) shutdown(r *result) {
	k.mu.Lock()
	if k.over == 0 {
		k.over = k.since()
	}
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if k.s.Shutdown(ctx) != nil {
		r.err = k.s.Close()
	}
}

// print keeps what values look like, for the search for secrets.
func (k *client) print(values ...any) {
	for _, v := range values {
		k.text(sprint(v))
	}
}

func (k *client) text(text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.texts = append(k.texts, text)
}
