package connector

import (
	stderrors "errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// refusedStream reports whether the peer, or net/http in its place, said that it
// has done nothing about a request of HTTP/2, so that it may be sent again
// whatever it is (RFC 9113 8.7).
func refusedStream(err error) bool {
	if e, ok := streamError(err); ok {
		return e.Code == codeRefusedStream
	}
	// net/http's own errors for that have no type; these are their texts.
	text := err.Error()
	for _, part := range []string{
		"http2: client conn not usable",
		"http2: client conn could not be established",
		"http2: Transport received Server's graceful shutdown GOAWAY",
	} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

const codeRefusedStream = 7

// h2StreamError has the fields of net/http's error of a stream, which fills any
// struct that does.
type h2StreamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e h2StreamError) Error() string { return "stream error" }

func streamError(err error) (h2StreamError, bool) {
	var e h2StreamError
	ok := stderrors.As(err, &e)
	return e, ok
}

// closes reports whether the connection is to be closed after the request.
func closes(req *http.Request) bool {
	return req.Close || httprule.HasToken(req.Header, "Connection", "close")
}

// checkHead holds a head to the limits. That of HTTP/1 is looked at as it comes.
func (x *exchange) checkHead(resp *http.Response) error {
	if x.stream == nil {
		if x.answersIdle(resp) {
			return errIdleTimeout
		}
		return nil
	}
	err := rawhead.CheckHead(resp.Header, x.settings.Limits)
	if err != nil {
		resp.Body.Close() // the error that counts is known
	}
	return err
}

// bodyless reports whether a response of HTTP/2 has no body: because it cannot, whatever its
// length says, or because its stream has ended with its head. Then net/http gives it a body
// of its own that is not http.NoBody, but as empty.
func bodyless(resp *http.Response, method string) bool {
	return method == http.MethodHead || reflect.TypeOf(resp.Body).Size() == 0 ||
		resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified
}

// abandon ends a stream whose context has ended, whether or not anybody reads. While the
// request's body is in a Read of its own, net/http does not look at the context: it is
// told, so that whoever reads the response wakes.
func (x *exchange) abandon() {
	x.finish(false)
	if x.upload.MayBlock() && !x.upload.Sent() {
		x.body.Close() // it has no error to report
	}
}
