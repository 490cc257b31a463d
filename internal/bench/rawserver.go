package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"sync/atomic"
)

// rawServer speaks as much HTTP/1.1 as the benchmark needs, so that the client is
// what the machine is busy with, and nothing of net/http runs on both sides. It
// reads every request to its end before it answers, and knows these paths:
//
//	/small        64 bytes
//	/gzip         1 MiB of JSON, compressed
//	/big          bigSize bytes
//	/sink         how many bytes the request's body had
//	/connections  how many connections are open, the one that asks included
type rawServer struct {
	small, gzip []byte // with their heads
	open        atomic.Int64
}

var (
	smallBody = bytes.Repeat([]byte("0123456789abcdef"), 4)
	bigBlock  = make([]byte, 1<<20)
)

func newRawServer() *rawServer {
	return &rawServer{
		small: reply("text/plain", "", smallBody),
		gzip:  reply("application/json", "Content-Encoding: gzip\r\n", compress(makeJSON(1<<20))),
	}
}

func reply(contentType, fields string, body []byte) []byte {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n", contentType, fields, len(body))
	return append([]byte(head), body...)
}

func (s *rawServer) accept(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return // the process ends
		}
		s.open.Add(1)
		go func() {
			defer s.open.Add(-1)
			defer c.Close()
			_ = s.serve(c) // the client has gone, or the benchmark fails on its side
		}()
	}
}

// rawRequest is what the server has to know of one.
type rawRequest struct {
	path    string
	length  int64
	chunked bool
	expect  bool
	last    bool // no other request follows on the connection
}

func (s *rawServer) serve(c net.Conn) error {
	br := bufio.NewReader(c)
	for {
		req, err := readRequest(br)
		if err != nil {
			return err
		}
		if req.expect {
			if _, err := io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return err
			}
		}
		n, err := discardBody(br, req)
		if err != nil {
			return err
		}
		if err := s.answer(c, req.path, n); err != nil || req.last {
			return err
		}
	}
}

func (s *rawServer) answer(w io.Writer, path string, received int64) error {
	var err error
	switch path {
	case "/small":
		_, err = w.Write(s.small)
	case "/gzip":
		_, err = w.Write(s.gzip)
	case "/sink":
		_, err = w.Write(reply("application/json", "", fmt.Appendf(nil, `{"received":%d}`, received)))
	case "/connections":
		_, err = w.Write(reply("text/plain", "", strconv.AppendInt(nil, s.open.Load(), 10)))
	case "/big":
		_, err = fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", bigSize)
		for range bigSize / len(bigBlock) {
			if err == nil {
				_, err = w.Write(bigBlock)
			}
		}
	default:
		err = errors.New("no such path: " + path)
	}
	return err
}

// readRequest reads a head.
func readRequest(br *bufio.Reader) (rawRequest, error) {
	var req rawRequest
	line, err := br.ReadSlice('\n')
	if err != nil {
		return req, err
	}
	_, line, _ = bytes.Cut(line, []byte(" "))
	path, _, _ := bytes.Cut(line, []byte(" "))
	req.path = string(path)
	for {
		line, err := br.ReadSlice('\n')
		if err != nil {
			return req, err
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return req, nil // the empty line
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if req.length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return req, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			req.chunked = true
		case bytes.EqualFold(name, []byte("Expect")):
			req.expect = true
		case bytes.EqualFold(name, []byte("Connection")):
			req.last = bytes.EqualFold(value, []byte("close"))
		}
	}
}

// discardBody reads a body to its end and says how long it was. A big one is read in
// big steps, past the small buffer of br.
func discardBody(br *bufio.Reader, req rawRequest) (int64, error) {
	switch {
	case req.chunked:
		n, err := discardAll(httputil.NewChunkedReader(br))
		for err == nil { // the trailer, to the empty line
			var line []byte
			if line, err = br.ReadSlice('\n'); len(line) <= len("\r\n") {
				break
			}
		}
		return n, err
	case req.length <= int64(br.Size()):
		n, err := br.Discard(int(req.length))
		return int64(n), err
	}
	n, err := discardAll(io.LimitReader(br, req.length))
	if err == nil && n < req.length {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func discardAll(r io.Reader) (int64, error) {
	buf := make([]byte, 256<<10)
	var n int64
	for {
		k, err := r.Read(buf)
		n += int64(k)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
