package session_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
)

// The functions of this file are what the README shows: all of a body, or what
// stands between doc:begin and doc:end. "make readme" copies it.

func readmePost(ctx context.Context, s *session.Session) error {
	resp, err := s.Post(ctx, "https://example.com/things", session.JSON(map[string]any{"name": "thing"}), session.CheckStatus())
	if err != nil {
		return err // a status of 400 or more is a *errors.ClientResponseError, with the start of the body
	}
	return resp.Close()
}

func readmeUpload(ctx context.Context, s *session.Session) error {
	file, err := os.Open("cat.png")
	if err != nil {
		return err
	}
	defer file.Close()
	//doc:begin
	// Content-Length known, sendfile where there is one; as long as it takes, but not to a silent server
	resp, err := s.Put(ctx, "https://example.com/cat", session.Body(file),
		session.Timeouts(session.ClientTimeout{Total: -1, SockRead: time.Minute}))
	if err != nil {
		return err
	}
	return resp.Close()
}

func readmeDownload(ctx context.Context, s *session.Session, w io.Writer) error {
	resp, err := s.Get(ctx, "https://example.com/big.iso", session.CheckStatus(),
		session.Timeouts(session.ClientTimeout{Total: -1, SockRead: time.Minute}), // not the 5 minutes of the default
		session.Progress(func(done, total int64) { fmt.Fprintf(os.Stderr, "\r%d of %d", done, total) }))
	if err != nil {
		return err
	}
	defer resp.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}

func readmeSave(ctx context.Context, s *session.Session) error {
	saved, err := s.Save(ctx, "https://example.com/big.iso", session.SaveConfig{Path: "big.iso"},
		session.Timeouts(session.ClientTimeout{Total: -1, SockRead: time.Minute}))
	if err != nil {
		return err // saved.Unfinished: the next call goes on from here
	}
	fmt.Println(saved.Path, saved.Size, saved.Resumed)
	return nil
}

func readmeMany(ctx context.Context, urls []string) error {
	conn, err := connector.New(connector.Config{Limit: 20, LimitPerHost: 6})
	if err != nil {
		return err
	}
	s, err := session.New(session.Config{
		Connector: conn, OwnConnector: true,
		Timeout: session.ClientTimeout{Total: -1, SockRead: 30 * time.Second}, // Total would count the wait in the queue
	})
	if err != nil {
		return err
	}
	defer s.Close()
	var wg sync.WaitGroup
	for _, url := range urls { // all at once: the connector has them wait in order
		wg.Go(func() {
			resp, err := s.Get(ctx, url)
			if err != nil {
				fmt.Println(err)
				return
			}
			defer resp.Close()
			fmt.Println(resp.Status, resp.URL(), resp.Timing().FirstByte)
		})
	}
	wg.Wait()
	//doc:end
	return nil
}

func readmeTimeouts(ctx context.Context, s *session.Session) {
	_, err := s.Get(ctx, "https://example.com/slow", session.Timeouts(session.ClientTimeout{
		Total:       time.Minute,      // everything: queue, redirects, body
		Connect:     10 * time.Second, // until there is a connection
		SockConnect: 5 * time.Second,  // one address
		SockRead:    15 * time.Second, // the longest silence
	}))
	switch {
	case errors.Is(err, errors.ErrConnectionTimeout): // ...
	case errors.Is(err, errors.ErrSocketTimeout): // ...
	case errors.Is(err, errors.ErrTotalTimeout): // ...
	}
}

func readmeLines(ctx context.Context, s *session.Session) error {
	resp, err := s.Get(ctx, "https://example.com/log", session.Timeout(-1))
	if err != nil {
		return err
	}
	//doc:begin
	for line, err := range resp.Content().Lines() {
		if err != nil {
			return err
		}
		fmt.Println(line)
	}
	//doc:end
	return nil
}

func readmeNative(s *session.Session, conn *connector.Connector, req *http.Request, mw middleware.Middleware) {
	client := s.Client()                                // an *http.Client with the session behind it
	other := &http.Client{Transport: conn}              // the connector alone, under any SDK
	third := &http.Client{Transport: mw(conn)}          // with a middleware of your own
	resp, err := s.Do(req)                              // *http.Request in, *http.Response out
	fmt.Println(client, other, third, resp.Header, err) // and resp.Header is net/http's
}

func readmeRetry() (*session.Session, error) {
	return session.New(session.Config{
		Timeout:    session.ClientTimeout{Total: time.Minute},
		Middleware: []middleware.Middleware{middleware.Retry(middleware.RetryPolicy{Attempts: 4})},
	})
}

func readmeSocket(ctx context.Context, s *session.Session) error {
	c, err := s.WebSocket(ctx, "wss://example.com/feed", &ws.Options{Heartbeat: 20 * time.Second})
	if err != nil {
		return err
	}
	defer c.Close(ws.CloseNormal, "")
	for msg, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		fmt.Println(string(msg.Data))
	}
	//doc:end
	return nil
}

// readme keeps the functions above from being unused.
var _ = []any{readmePost, readmeUpload, readmeDownload, readmeSave, readmeMany, readmeTimeouts, readmeLines, readmeNative, readmeRetry, readmeSocket}
