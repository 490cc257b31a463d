package session_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// codingServer stands for a server: it tells how a request's body came, and
// answers with one of its own.
type codingServer struct{ coding, body string }

func (s codingServer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
		sent, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		fmt.Printf("%s: length known: %v, smaller: %v\n",
			req.Header.Get("Content-Encoding"), req.ContentLength >= 0, len(sent) < 1000)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Encoding": {s.coding}},
		Body: io.NopCloser(strings.NewReader(s.body)), ContentLength: int64(len(s.body)), Request: req,
	}, nil
}

func ExampleCompress() {
	s, err := session.New(session.Config{Transport: codingServer{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	text := strings.Repeat("a text ", 1000)
	for _, opts := range [][]session.Option{
		{session.Text(text), session.Compress("gzip")},
		{session.Body(strings.NewReader(text)), session.Compress("zstd")},
	} {
		resp, err := s.Post(context.Background(), "http://example.com/", opts...)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Close()
	}
	// Output:
	// gzip: length known: true, smaller: true
	// zstd: length known: false, smaller: true
}

func ExampleCodecs() {
	base64Codec := session.Codec{Name: "base64", NewReader: func(src io.Reader) (io.ReadCloser, error) {
		return io.NopCloser(base64.NewDecoder(base64.StdEncoding, src)), nil
	}}
	s, err := session.New(session.Config{
		Transport: codingServer{"base64", "aGVsbG8="},
		Options: []session.Option{
			session.Codecs(base64Codec),
			session.Header("Accept-Encoding", "base64, gzip"),
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	resp, err := s.Get(context.Background(), "http://example.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Text())
	// Output: hello <nil>
}

func ExampleNoDecompress() {
	s, err := session.New(session.Config{Transport: codingServer{"gzip", gzipped("hello")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for _, opts := range [][]session.Option{nil, {session.NoDecompress()}} {
		resp, err := s.Get(context.Background(), "http://example.com/", opts...)
		if err != nil {
			fmt.Println(err)
			return
		}
		data, err := resp.Bytes()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%.2q\n", data)
	}
	// Output:
	// "he"
	// "\x1f\x8b"
}

func ExampleMaxDecompressed() {
	s, err := session.New(session.Config{Transport: codingServer{"gzip", gzipped(strings.Repeat("\x00", 10<<20))}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for _, opts := range [][]session.Option{nil, {session.MaxDecompressed(1<<30, -1)}} {
		resp, err := s.Get(context.Background(), "http://example.com/", opts...)
		if err != nil {
			fmt.Println(err)
			return
		}
		data, err := resp.Bytes()
		fmt.Println(len(data), errors.Is(err, errors.ErrBodyTooLarge))
	}
	// Output:
	// 0 true
	// 10485760 false
}
