package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"strconv"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
)

// fetched is what became of a target.
type fetched struct {
	target target
	got    string // name of the outcome, or what went wrong
	failed error  // of a failure: the error, whether expected or not
	bytes  int64  // of the body, decoded
	hops   int    // redirects
	timing session.Timing
}

// asExpected reports whether the outcome is the one of the plan.
func (f fetched) asExpected() bool { return f.got == f.target.want.name }

// newSession makes the session that all URLs go through.
func newSession() (*session.Session, error) {
	conn, err := connector.New(connector.Config{Limit: limit, LimitPerHost: limitPerHost})
	if err != nil {
		return nil, err
	}
	return session.New(session.Config{
		Connector:    conn,
		OwnConnector: true,
		Timeout:      session.ClientTimeout{Total: 15 * time.Second, SockRead: sockRead},
		Options:      []session.Option{session.CheckStatus()},
	})
}

// fetchAll fetches the first target alone, for the cookie that it sets, and then
// all others at once: it is the session that holds them back.
func fetchAll(ctx context.Context, s *session.Session, targets []target, done func()) []fetched {
	results := make([]fetched, len(targets))
	one := func(i int) {
		results[i] = fetchOne(ctx, s, targets[i])
		done()
	}
	one(0)
	var wg sync.WaitGroup
	for i := range targets[1:] {
		wg.Go(func() { one(i + 1) })
	}
	wg.Wait()
	return results
}

// fetchOne fetches one target and finds out what became of it.
func fetchOne(ctx context.Context, s *session.Session, t target) fetched {
	f := fetched{target: t}
	resp, err := s.Get(ctx, t.url, session.Timeouts(t.timeout))
	if err != nil {
		f.got, f.failed = classOf(err), err
		return f
	}
	defer resp.Close()
	body, err := io.ReadAll(resp.Body)
	f.bytes, f.hops, f.timing = int64(len(body)), len(resp.History()), resp.Timing()
	if f.got = classOf(err); err != nil {
		f.failed = err
		return f
	}
	if err := checkBody(t, body); err != nil {
		f.got, f.failed = err.Error(), err
	}
	return f
}

// checkBody compares the body of a success with what the server must have sent.
func checkBody(t target, body []byte) error {
	u, err := url.Parse(t.url)
	if err != nil {
		return err
	}
	switch t.body {
	case "":
		return nil
	case "echo", "gzipped", "cookie", "no cookie":
		return checkJSON(t.body, u, body)
	case "1024":
		return compareText(strconv.Itoa(len(body)), t.body)
	case "text":
		n, err := strconv.Atoi(path.Base(u.Path))
		if err != nil {
			return err
		}
		if !bytes.Equal(body, fixedText(n)) {
			return fmt.Errorf("the text of %d bytes differs", n)
		}
		return nil
	}
	return compareText(string(body), t.body+"\n")
}

// checkJSON compares what httpbin tells of the request.
func checkJSON(what string, u *url.URL, body []byte) error {
	var reply struct {
		Args    map[string][]string `json:"args"`
		Gzipped bool                `json:"gzipped"`
		Cookies map[string]string   `json:"cookies"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	switch what {
	case "echo":
		return compareText(url.Values(reply.Args).Encode(), u.RawQuery)
	case "gzipped":
		return compareText(strconv.FormatBool(reply.Gzipped), "true")
	case "cookie":
		return compareText(reply.Cookies[cookieName], cookieValue)
	}
	return compareText(reply.Cookies[cookieName], "")
}

// compareText returns an error unless both are the same.
func compareText(got, want string) error {
	if got != want {
		return fmt.Errorf("body has %.60q, want %.60q", got, want)
	}
	return nil
}
