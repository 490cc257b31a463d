package middleware_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// TestAdmit: a request is released once, when it is not under way any more.
func TestAdmit(t *testing.T) {
	t.Parallel()
	broken, no := errors.New("broken"), errors.New("not now")
	for _, tt := range []struct {
		name          string
		step          stubStep
		admit         error
		err           error
		before, after int // releases, before and after the body is closed
	}{
		{"response with a body", stubStatus(200, "text"), nil, nil, 0, 1},
		{"response without a body", func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
		}, nil, nil, 1, 1},
		{"switched protocols", stubStatus(101, "text"), nil, nil, 1, 1},
		{"failure", stubFail(broken), nil, broken, 1, 1},
		{"refused", stubStatus(200, "text"), no, no, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			released := 0
			next := &stub{steps: []stubStep{tt.step}}
			rt := middleware.Admit(next, func(*http.Request) (func(), error) {
				return func() { released++ }, tt.admit
			})
			resp, err := rt.RoundTrip(newRequest(t, "POST", "http://h/", newStubBody("sent")))
			if !stderrors.Is(err, tt.err) || released != tt.before {
				t.Errorf("got %v and %d releases, want %v and %d", err, released, tt.err, tt.before)
			}
			if resp != nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if released != tt.after {
				t.Errorf("got %d releases at the end, want %d", released, tt.after)
			}
			if sent := next.calls(); (sent == 0) != (tt.admit != nil) {
				t.Errorf("got %d requests sent", sent)
			}
		})
	}
}

func TestAdmitPanic(t *testing.T) {
	t.Parallel()
	released := 0
	rt := middleware.Admit(middleware.Func(func(*http.Request) (*http.Response, error) { panic("next") }),
		func(*http.Request) (func(), error) { return func() { released++ }, nil })
	func() {
		defer func() { recover() }()
		rt.RoundTrip(newRequest(t, "GET", "http://h/", nil))
	}()
	if released != 1 {
		t.Errorf("got %d releases, want 1", released)
	}
}

func TestRequestFacts(t *testing.T) {
	t.Parallel()
	if got := middleware.HostOf(newRequest(t, "GET", "HTTPS://Host.Example/x", nil)); got != "https://host.example:443" {
		t.Errorf("got %q", got)
	}
	if got := middleware.HostOf(&http.Request{}); got != "" {
		t.Errorf("got %q, want none", got)
	}
	if got := middleware.PartitionOf(context.Background()); got != "" {
		t.Errorf("got %q, want none", got)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	if err := middleware.ContextError(ctx); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	why := errors.New("why")
	cancel(why)
	if err := middleware.ContextError(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, why) {
		t.Errorf("got %v, want both", err)
	}
}

// TestRejectedToken: a fetch knows which token a server has not taken, until there is a
// newer one, and also after a fetch that failed.
func TestRejectedToken(t *testing.T) {
	t.Parallel()
	var seen []string
	made := 0
	tokens := middleware.NewTokens(middleware.TokenConfig{Fetch: func(ctx context.Context) (middleware.Token, error) {
		rejected, ok := middleware.RejectedToken(ctx)
		seen = append(seen, fmt.Sprint(rejected.Value, ok))
		if made++; made == 2 {
			return middleware.Token{}, errors.New("not now")
		}
		return middleware.Token{Value: fmt.Sprint("t", made)}, nil
	}})
	rt := tokens.Wrap(tokenServer("t3"))
	for range 3 {
		roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
	}
	if got, want := strings.Join(seen, " "), "false t1true t1true"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if s := tokens.Stats(); s.Held != 1 {
		t.Errorf("got %d held, want 1", s.Held)
	}
}

// Every second request is refused.
func ExampleAdmit() {
	n := 0
	client := &http.Client{Transport: middleware.Admit(limitAnswer(200), func(req *http.Request) (func(), error) {
		if n++; n%2 == 0 {
			return nil, errors.New("no, " + middleware.HostOf(req))
		}
		return func() { fmt.Println("done") }, nil
	})}
	for range 2 {
		resp, err := client.Get("http://example.com/")
		if err != nil {
			fmt.Println(err)
			continue
		}
		resp.Body.Close()
	}
	// Output:
	// done
	// Get "http://example.com/": no, http://example.com:80
}

// writerBody has a short way, as a connector's bodies do.
type writerBody struct{ *stubBody }

func (b writerBody) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, b.stubBody) }

// TestAdmitBrokenWriter: a body whose copy has failed by its writer is under way until it is
// closed.
func TestAdmitBrokenWriter(t *testing.T) {
	t.Parallel()
	released := 0
	rt := middleware.Admit(middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: writerBody{newStubBody("text")}}, nil
	}), func(*http.Request) (func(), error) { return func() { released++ }, nil })
	resp, err := rt.RoundTrip(newRequest(t, "GET", "http://h/", nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(brokenWriter{}, resp.Body); err == nil || released != 0 {
		t.Errorf("got %v and %d releases, want the writer's error and none", err, released)
	}
	resp.Body.Close()
	if released != 1 {
		t.Errorf("got %d releases, want 1", released)
	}
}
