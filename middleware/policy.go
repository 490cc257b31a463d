package middleware

import "net/http"

// Admit is the frame of a middleware that lets requests go one by one: it sends a request
// to next when admit has returned. An error of admit is that of the request, which is not
// sent. release, if it is not nil, is called once when the request is not under way any
// more: when it has failed, or when its response's body is closed or read to the end; a
// connection that was switched to another protocol counts no longer. Both are called in
// the goroutine that sends the request, reads or closes.
func Admit(next http.RoundTripper, admit func(req *http.Request) (release func(), err error)) http.RoundTripper {
	return &admittingTransport{requireNext(next), admit}
}

type admittingTransport struct {
	next  http.RoundTripper
	admit func(*http.Request) (func(), error)
}

// RoundTrip sends the request once it may go.
func (t *admittingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	release, err := t.admit(req)
	if err != nil {
		return refuseRequest(req, err)
	}
	if release == nil {
		return t.next.RoundTrip(req)
	}
	handed := false
	defer func() { // also when next panics
		if !handed {
			release()
		}
	}()
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp == nil {
		return resp, err
	}
	onBodyDone(resp, release)
	handed = true
	return resp, nil
}
