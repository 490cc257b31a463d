package main

import (
	"context"
	"net/http"
	"strings"
)

// http2Rows compare a session with http.Client, and the connector alone with the
// one connection of net/http that it stands on.
func http2Rows(e env) []row {
	s := settings{proto: 2}
	plain := func(*http.Client) error { return nil }
	clients := []entrant{
		e.overClient("http.Client + Timeout", s, addTimeout),
		{ours, func() (client, error) { return overSession(e.srv, s) }},
		e.overClient(httpClient, s, plain),
	}
	layers := []entrant{
		{"ClientConn", func() (client, error) { return overClientConn(e.srv, s) }},
		{"connector", func() (client, error) { return overConnector(e.srv, s) }},
	}
	all := make([]row, 0, 6)
	for _, load := range []struct{ goroutines, ops int }{{1, 1600}, {16, 4000}, {256, 4000}} {
		all = append(all, row{
			name: "HTTP/2 GET 64 B", family: "HTTP/2", goroutines: load.goroutines, ops: load.ops, rounds: 11,
			entrants: clients, budgets: cpuBudget(1.00), task: getTask(e.srv.HTTP2),
		}, row{
			name: "HTTP/2 GET 64 B, connector alone", family: "HTTP/2 layers", goroutines: load.goroutines, ops: load.ops, rounds: 11,
			entrants: layers, budgets: cpuBudget(1.10), task: getTask(e.srv.HTTP2),
		})
	}
	return all
}

// overClientConn is one connection of net/http without a pool.
func overClientConn(srv *server, s settings) (client, error) {
	t := newTransport(srv, s)
	cc, err := t.NewClientConn(context.Background(), "https", strings.TrimPrefix(srv.HTTP2, "https://"))
	if err != nil {
		return client{}, err
	}
	return overDoer(roundTripper{cc}, s, func() { _ = cc.Close() }), nil
}
