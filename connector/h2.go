package connector

import (
	"net/http"
	"reflect"

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
