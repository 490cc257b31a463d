package tunnel

import (
	"bufio"
	"bytes"
	"context"
	"maps"
	"net"
	"net/http"
	"slices"

	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/tlsclose"
)

const connectOp = "proxy connect"

// Connect asks the HTTP proxy at the other end of nc for a tunnel to target,
// "host:port" with a name in ASCII or an address, and returns the connection to
// be used from then on: nc, or a wrapper of it if bytes of the tunnel came
// together with the answer. It closes nc if it fails.
//
// The request has Host, then the fields of header in the order of their names,
// and nothing else: no User-Agent, unless header has one. Credentials are a
// Proxy-Authorization in header. Header may be nil; Host and the fields that
// frame a body cannot be in it.
//
// Every 2xx is a tunnel, as RFC 9110 9.3.6 has it, where aiohttp and net/http
// take nothing but 200; Content-Length and Transfer-Encoding of such an answer
// mean nothing. Answers of 1xx are skipped, except 101, which nobody asked for.
// All else is a [*Refused]. A line of the answer's head may have 8 KiB, all of
// them 64 KiB.
//
// The time is bounded by ctx alone. The exception is the body of a refusal:
// after a second it is taken as it is.
func Connect(ctx context.Context, nc net.Conn, target string, header http.Header) (net.Conn, error) {
	request, err := connectRequest(target, header)
	if err != nil {
		tlsclose.Abort(nc)
		return nil, err
	}
	br := bufio.NewReaderSize(nc, maxLine+len("\r\n"))
	err = withContext(ctx, nc, connectOp, func() error {
		if _, err := nc.Write(request); err != nil {
			return writeFailed(nc, br, err)
		}
		return readAnswer(nc, br)
	})
	if err != nil {
		return nil, err
	}
	if br.Buffered() == 0 {
		return nc, nil
	}
	early, err := br.Peek(br.Buffered())
	if err != nil {
		tlsclose.Abort(nc)
		return nil, lostError(connectOp, err)
	}
	return &conn{Conn: nc, early: bytes.Clone(early)}, nil
}

// connectRequest is the request as it goes out.
func connectRequest(target string, header http.Header) ([]byte, error) {
	if _, _, err := splitTarget(target); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n")
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, &errors.InvalidRequestError{Field: "proxy header", Reason: "a name is not a token"}
		}
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Content-Length", "Transfer-Encoding":
			return nil, &errors.InvalidRequestError{Field: "proxy header " + name, Reason: "cannot be set for CONNECT"}
		}
		for _, value := range header[name] {
			if !httpguts.ValidHeaderFieldValue(value) {
				return nil, &errors.InvalidRequestError{
					Field: "proxy header " + name, Reason: "the value has a control character",
				}
			}
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.WriteString("\r\n")
	return b.Bytes(), nil
}

// writeFailed looks whether the proxy has said no before it hung up, which is
// more than that it did.
func writeFailed(nc net.Conn, br *bufio.Reader, err error) error {
	failure := lostError(connectOp, err)
	if !errors.Is(failure, errors.ErrServerDisconnected) {
		return failure
	}
	if refused := (*Refused)(nil); errors.As(readAnswer(nc, br), &refused) {
		return refused
	}
	return failure
}

// readAnswer returns nil for a tunnel.
func readAnswer(nc net.Conn, br *bufio.Reader) error {
	h := headReader{br: br, left: maxHead}
	for {
		status, reason, err := h.readStatusLine()
		if err != nil {
			return err
		}
		header, err := h.readFields()
		if err != nil {
			return err
		}
		switch {
		case status < 200 && status != http.StatusSwitchingProtocols:
			continue // RFC 9110 15.2: a client must be able to take any number of them
		case status/100 == 2:
			return nil
		}
		refused := &Refused{Status: status, Reason: reason, Header: header}
		refused.Body = readBody(nc, br, status, header)
		return refused
	}
}
