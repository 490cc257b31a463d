package exchange

import (
	"context"
	"errors"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// Job is a request that is ready to be sent, or to be printed.
type Job struct {
	Method, URL string
	Options     []session.Option
	Request     *syntax.Request // what --print=B shows
	// Asked is the request as a curl command has it; nil means that the rest
	// tells.
	Asked *curlconv.Request
}

// Send sends a request and shows what came of it.
func (s *Sender) Send(ctx context.Context, j Job) (err error) {
	save, wrap := s.HAR.startRecording(j)
	defer func() { err = errors.Join(err, save()) }()
	sess, err := s.Net.OpenSession(ctx, connector.Config{}, wrap...)
	if err != nil {
		return err
	}
	defer sess.Close()
	s.Net.RememberHeaders(j.URL, j.Request.Headers)
	resp, err := sess.Request(ctx, j.Method, j.URL, j.Options...)
	if err != nil {
		return err
	}
	defer resp.Close()
	return s.ShowResult(resp, j.Request)
}
