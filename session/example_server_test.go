package session_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/session"
)

// exampleSession is a session on a network in memory, where a server listens at
// http://example.com/.
func exampleSession(cfg session.Config) (s *session.Session, stop func()) {
	network := memnet.New()
	ln, err := network.Listen("example.com:80")
	if err != nil {
		panic(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(serveExample)}
	go srv.Serve(ln)
	if cfg.Connector, err = connector.New(connector.Config{DialContext: network.DialContext}); err != nil {
		panic(err)
	}
	cfg.OwnConnector = true
	if s, err = session.New(cfg); err != nil {
		panic(err)
	}
	return s, func() {
		s.Close()
		srv.Close()
	}
}

func serveExample(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/user":
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"name": "gopher", "age": 16}`)
	case path == "/lines":
		io.WriteString(w, "one\ntwo\r\nthree")
	case path == "/chunks":
		for _, chunk := range []string{"first\n", "second\nthird\n"} {
			io.WriteString(w, chunk)
			http.NewResponseController(w).Flush()
		}
	case path == "/image":
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(strings.Repeat("image ", 1<<19)))
	case path == "/old":
		http.Redirect(w, r, "/new", http.StatusFound)
	case path == "/missing":
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "no such thing")
	case path == "/login":
		http.SetCookie(w, &http.Cookie{Name: "id", Value: "42"})
	case path == "/headers":
		for _, name := range []string{"Accept", "Authorization", "Cookie", "User-Agent", "X-App", "X-Many", "X-Via"} {
			if v, ok := r.Header[name]; ok {
				fmt.Fprintf(w, "%s: %s\n", name, strings.Join(v, " | "))
			}
		}
	case r.Body != http.NoBody:
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s: %q as %s", r.Method, r.URL, body, r.Header.Get("Content-Type"))
	default:
		fmt.Fprintf(w, "%s %s", r.Method, r.URL)
	}
}

// show prints the text of a response, or the error.
func show(resp *session.Response, err error) {
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	text, err := resp.Text()
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	fmt.Println(strings.TrimSpace(text))
}
