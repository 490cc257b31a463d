package connector

import (
	"fmt"
	"net/http"
	"reflect"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// h2Owner is a conn as its h2.Conn sees it.
type h2Owner conn

func (o *h2Owner) SetStreams(streams int) { o.pool.SetStreams((*conn)(o), streams) }
func (o *h2Owner) Retire()                { o.pool.Retire((*conn)(o)) }
func (o *h2Owner) StreamAvailable()       { o.pool.StreamAvailable((*conn)(o)) }
func (o *h2Owner) Forget()                { o.pool.Forget((*conn)(o)) }

// h2Watcher is an exchange whose stream may end by itself: with HTTP/1 the connection goes,
// and the slot with it, whether or not anybody reads.
type h2Watcher exchange

func (w *h2Watcher) StreamEnded() { (*exchange)(w).finish(false) }

// checkHead holds a head to the limits. That of HTTP/1 is looked at as it comes.
func (x *exchange) checkHead(resp *http.Response) error {
	if x.h2 == nil {
		if x.isIdleTimeout(resp) {
			return errIdleTimeout
		}
		return nil
	}
	err := rawhead.CheckHead(resp.Header, x.settings.Limits)
	if err == nil && !x.settings.Limits.Lenient {
		err = checkStatus(resp)
	}
	if err != nil {
		resp.Body.Close() // the error that counts is known
	}
	return err
}

// checkStatus refuses what net/http takes for a status of HTTP/2: any number, with a
// sign and zeros. What came is the start of Status, and a number of 100 and more in
// three characters has neither.
func checkStatus(resp *http.Response) error {
	if s := resp.Status; httprule.IsStatus(resp.StatusCode) && len(s) > 3 && s[3] == ' ' {
		return nil
	}
	return &h1.HeadError{Reason: fmt.Sprintf("malformed status: %q", resp.Status)}
}

// hasNoBody reports whether a response of HTTP/2 has no body: because it cannot, whatever its
// length says, or because its stream has ended with its head. Then net/http gives it a body
// of its own that is not http.NoBody, but as empty.
func hasNoBody(resp *http.Response, method string) bool {
	return method == http.MethodHead || reflect.TypeOf(resp.Body).Size() == 0 ||
		resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified
}
