//go:build interop

package compare_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// request is one of testdata/requests.json: what a client is asked to send, and
// what it gets for an answer. {port} stands for the server's.
type request struct {
	Name   string
	Method string
	URL    string
	URLs   string     // "requote" or "verbatim"; each client's default otherwise
	Base   string     // what URL is relative to
	Then   []string   // URLs of further requests of the same session
	Params [][]string // names and values

	Headers   [][]string
	Skip      []string // automatic headers to leave out
	Cookies   [][]string
	Auth      []string // login and password
	Version   string
	Stay      bool // do not follow redirects
	Compress  string
	Chunked   bool
	Expect100 bool

	// The body: one of these, and what piece has.
	piece
	Pairs  [][]string
	Form   *formSpec
	Stream []string

	SessionHeaders [][]string `json:"session_headers"`
	SessionAuth    []string   `json:"session_auth"`
	SessionCookies [][]string `json:"session_cookies"`
	SessionSkip    []string   `json:"session_skip"`
	ForceClose     bool       `json:"force_close"`

	Proxy        string
	ProxyAuth    []string   `json:"proxy_auth"`
	ProxyHeaders [][]string `json:"proxy_headers"`

	WebSocket  bool
	Protocols  []string
	WSCompress bool `json:"ws_compress"`

	// Answers are what the server says, one request after the other, and 200
	// when they are used up.
	Answers []reply

	raw json.RawMessage // as it is for the other client
}

// piece is a body, or a part of one.
type piece struct {
	Text   *string
	Bytes  *string // a byte for each character
	Repeat int
	File   string // in testdata
	Seek   int64  // where the file is read from
	JSON   json.RawMessage
	Mixed  *mixedSpec
}

type formSpec struct {
	Boundary string // makes it multipart
	Fields   []struct {
		piece
		Name, Type, Filename string
	}
}

type mixedSpec struct {
	Subtype, Boundary string
	Parts             []struct {
		piece
		Type, Filename string
	}
}

type reply struct {
	Status  int
	Headers [][]string
	Drop    bool // close the connection instead
}

func loadRequests(t *testing.T, port string) []request {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "requests.json"))
	if err != nil {
		t.Fatal(err)
	}
	var raws []json.RawMessage
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(data), "{port}", port)), &raws); err != nil {
		t.Fatal(err)
	}
	requests := make([]request, len(raws))
	names := map[string]bool{}
	for i, raw := range raws {
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&requests[i]); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		requests[i].raw = raw
		if names[requests[i].Name] {
			t.Errorf("two requests are called %q", requests[i].Name)
		}
		names[requests[i].Name] = true
	}
	if len(requests) < 60 {
		t.Errorf("got %d requests, want 60 at least", len(requests))
	}
	return requests
}
