package errors

import (
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// plainText is the text of an error of net/http's without what says where in
// net/http it was found. Most of its errors have no type, so the text is all there
// is to go by. What is not known is returned as it is.
func plainText(text string) string {
	for _, prefix := range []string{"net/http: HTTP/1.x transport connection broken: ", "net/http: ", "http: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if rest, ok := strings.CutPrefix(text, "malformed MIME header"); ok {
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, " initial line"), " line")
		return "malformed header" + rest
	}
	if rest, ok := strings.CutPrefix(text, "server response headers exceeded "); ok {
		limit, _, _ := strings.Cut(rest, " ")
		return "head longer than " + limit + " bytes"
	}
	if text == "header line too long" { // so it calls the line before a chunk, too
		return "line of a chunk or a trailer too long"
	}
	return plainH2(text)
}

// plainH2 is plainText for HTTP/2. The texts quote what the peer sent; of that only
// the name of the code is kept.
func plainH2(text string) string {
	if rest, ok := strings.CutPrefix(text, "stream error: "); ok {
		_, rest, _ = strings.Cut(rest, "; ") // the stream's number
		code, why, _ := strings.Cut(rest, "; ")
		switch why = strings.TrimPrefix(why, "http2: "); why {
		case "received from peer":
			return "the server ended the stream" + h2Code(code)
		case "":
			return "the server broke a rule of HTTP/2" + h2Code(code)
		}
		return why + h2Code(code)
	}
	if code, ok := strings.CutPrefix(text, "connection error: "); ok {
		return "the server broke a rule of HTTP/2" + h2Code(code)
	}
	rest, ok := strings.CutPrefix(text, "http2: ")
	if !ok {
		return text
	}
	if _, code, ok := strings.Cut(rest, "ErrCode"); ok || strings.Contains(rest, "GOAWAY") {
		code, _, _ = strings.Cut(strings.TrimLeft(code, ":="), ",")
		return "the server closed the HTTP/2 connection" + h2Code(code)
	}
	switch {
	case rest == "client connection lost":
		return "the HTTP/2 connection was lost: no answer to a ping"
	case strings.HasPrefix(rest, "client conn"):
		return "the HTTP/2 connection is closed"
	}
	return rest
}

// h2Code is the name of a code (RFC 9113 7) in parentheses, or nothing.
func h2Code(name string) string {
	if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return ""
	}
	return " (" + name + ")"
}

// departureText says how a peer left, or is "" if err does not tell.
func departureText(err error) string {
	switch {
	case Is(err, syscall.ECONNRESET):
		return "the connection was reset"
	case Is(err, syscall.EPIPE), Is(err, syscall.ECONNABORTED):
		return "the connection was broken off"
	case Is(err, io.EOF), Is(err, io.ErrUnexpectedEOF), Is(err, io.ErrClosedPipe), Is(err, net.ErrClosed):
		return "the connection ended"
	}
	return ""
}

// headProgress says how far a response was when received bytes of its head had come.
func headProgress(received int64) string {
	switch received {
	case 0:
		return "before the first byte of the response"
	case 1:
		return "after 1 byte of the response's head"
	}
	return "after " + strconv.FormatInt(received, 10) + " bytes of the response's head"
}
