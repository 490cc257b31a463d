package simulate

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/internal/certs"
)

// server is all servers. It notes what it sees, for the check.
type server struct {
	plan  *Plan
	net   *network
	certs *certificates
	done  chan struct{} // closed when it ends
	wg    sync.WaitGroup
	stop  []func()
	ops   map[int]*Op

	mu    sync.Mutex
	asked map[int]int // how often each operation came to it
	seen  map[int][]sight
	first map[int]time.Duration // when an operation first came
	epoch time.Time
	wrong []string
}

// sight is one request that came.
type sight struct {
	id     identity
	host   Host
	method string
	body   int // bytes; -1: it was answered before they came
}

// certificates are made once: they take longer than a plan.
type certificates struct {
	good, evil *certs.Leaf
	users      map[string]*certs.Leaf
}

func newServer(p *Plan, n *network, c *certificates) (*server, error) {
	s := &server{
		plan: p, net: n, certs: c, done: make(chan struct{}), ops: map[int]*Op{},
		asked: map[int]int{}, seen: map[int][]sight{}, first: map[int]time.Duration{}, epoch: time.Now(),
	}
	for i := range p.Ops {
		s.ops[p.Ops[i].ID] = &p.Ops[i]
	}
	for _, host := range allHosts {
		ln, err := n.listen(host)
		if err != nil {
			return nil, err
		}
		s.serve(host, &listener{Listener: ln, host: host, net: n, done: s.done})
	}
	return s, nil
}

// tls is the configuration of a host: it asks for certificates, but needs none.
func (s *server) tls(host Host) *tls.Config {
	leaf := s.certs.good
	if host == Evil {
		leaf = s.certs.evil
	}
	cfg := leaf.Server()
	cfg.ClientAuth = tls.RequestClientCert
	return cfg
}

func (s *server) serve(host Host, ln net.Listener) {
	if host == TLS2 {
		s.serveHTTP2(ln)
		return
	}
	s.stop = append(s.stop, func() { ln.Close() })
	s.wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() { s.serveConn(host, nc, direct) })
		}
	})
}

func (s *server) serveHTTP2(ln net.Listener) {
	h := &http.Server{
		Handler: http.HandlerFunc(s.handle), TLSConfig: s.tls(TLS2), ErrorLog: log.New(io.Discard, "", 0),
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: s.plan.Client.ServerStreams},
		// The connection, for faults that take all of it.
		ConnContext: withConn,
	}
	s.stop = append(s.stop, func() { h.Close() })
	s.wg.Go(func() { h.ServeTLS(ln, "", "") })
}

// close ends the servers and waits for them.
func (s *server) close() {
	close(s.done)
	for _, stop := range s.stop {
		stop()
	}
	s.wg.Wait()
}

func (s *server) complain(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, text)
}

// identify says whom a request is from, and which answer it gets.
func (s *server) identify(host Host, via string, req *http.Request, state *tls.ConnectionState) (identity, Answer, *Op) {
	id := identity{
		Resource: strings.TrimPrefix(req.URL.Path, "/"), Via: via, Server: host, Status: http.StatusOK, Cert: "-",
		Auth:   userOf(decoded(req), password),
		Cookie: userOf(req.Header.Get("Cookie"), ticket),
	}
	if host.isProxy() {
		id.Via, id.Server = host.via(req), Host(req.URL.Hostname())
	} else if req.Header["Proxy-Authorization"] != nil {
		s.complain("the password of a proxy came to " + string(host))
	}
	if state != nil && len(state.PeerCertificates) > 0 {
		id.Cert = state.PeerCertificates[0].DNSNames[0]
	}
	kind, number, _ := strings.Cut(id.Resource, "/")
	n, _ := strconv.Atoi(number)
	if kind == "shared" {
		r := resources[n]
		id.Size = r.size
		if r.period > 0 {
			id.Version = int(time.Since(s.epoch) / r.period)
		}
		return id, Answer{Status: http.StatusOK, Size: id.Size, Framing: "length"}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	op := s.ops[n]
	if op != nil && op.Host != id.Server && (req.Header.Get("Authorization") != "" || req.Header.Get("Cookie") != "" || req.Header.Get(apiKey) != "") {
		s.wrong = append(s.wrong, fmt.Sprintf("op %d: credentials for %s came to %s", n, op.Host, id.Server))
	}
	answer := Answer{Status: http.StatusOK, Size: 50, Framing: "length"}
	if turn := s.asked[n]; op != nil && turn < len(op.Answers) {
		answer = op.Answers[turn]
	} else if op != nil && op.Kind == Save {
		answer = lastVersion(op)
	}
	if s.asked[n]++; s.asked[n] == 1 {
		s.first[n] = time.Since(s.epoch)
	}
	id.Status, id.Version, id.Size = answer.Status, answer.Version, answer.Size
	if answer.Lie {
		id.Resource = "op/0"
	}
	return id, answer, op
}

// lastVersion is a good answer with the newest version of a file.
func lastVersion(op *Op) Answer {
	last := op.Answers[len(op.Answers)-1]
	return Answer{Status: http.StatusOK, Framing: "length", Version: last.Version, Size: last.Size}
}

// decoded are the credentials of a request.
func decoded(req *http.Request) string {
	login, secret, ok := req.BasicAuth()
	if !ok {
		return ""
	}
	return login + secret
}

// sightsOf is what the server saw of an operation. In real time some of it may still come.
func (s *server) sightsOf(op int) []sight {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen[op])
}

// note notes a request that has come whole, with a body of n bytes.
func (s *server) note(op *Op, host Host, id identity, method string, n int) {
	if op == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[op.ID] = append(s.seen[op.ID], sight{id, host, method, n})
}
