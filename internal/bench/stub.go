package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/session"
)

// stubRow is what a session does beside the exchange: a GET over a RoundTripper
// that answers without one. The stub's own work counts on both sides.
func stubRow() row {
	const url = "http://stub.test/"
	return row{
		name: "GET over a stub", family: "stub", ops: 20000, rounds: 11, onePOnly: true,
		entrants: []entrant{
			{withJar, func() (client, error) {
				c := &http.Client{Transport: newStub()}
				return overDoer(c, settings{proto: 1}, nil), addJar(c)
			}},
			{ours, overStub},
			{httpClient, func() (client, error) {
				return overDoer(&http.Client{Transport: newStub()}, settings{proto: 1}, nil), nil
			}},
			{"resty", func() (client, error) { return overResty(newStub()), nil }},
		},
		budgets: []budget{{cpuTime, ratioTo, 1.00}, {allocs, absolute, 12}, {allocBytes, absolute, 1600}},
		task:    func(_ context.Context, c client) error { return c.get(context.Background(), url, 64) }, //nolint:contextcheck // nobody can cancel it
	}
}

func overStub() (client, error) {
	ses, err := session.New(session.Config{Transport: newStub(), Timeout: session.ClientTimeout{Total: time.Minute}})
	if err != nil {
		return client{}, err
	}
	return client{
		close: func() { _ = ses.Close() },
		get: func(ctx context.Context, url string, atLeast int64) error {
			resp, err := ses.Get(ctx, url)
			if err != nil {
				return err
			}
			return drainBody(resp.Response, nil, settings{proto: 1}, atLeast)
		},
	}, nil
}

// stub answers every request with the same 64 bytes.
type stub struct{ header http.Header }

func newStub() stub { return stub{http.Header{"Content-Type": {"text/plain"}}} }

func (s stub) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: s.header, ContentLength: int64(len(stubBody)), Request: req,
		Body: io.NopCloser(strings.NewReader(stubBody)),
	}, nil
}

var stubBody = strings.Repeat("0123456789abcdef", 4)
