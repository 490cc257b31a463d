package session_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

func ExampleResponse_Events() {
	stream := ": hello\n\nid: 1\ndata: first\n\nevent: add\ndata: two\ndata: lines\n\n"
	resp := exampleAnswer(stream, "Content-Type", "text/event-stream")
	for event, err := range resp.Events() {
		if err != nil {
			fmt.Println("error:", err)
			break
		}
		fmt.Printf("%s %q after %q\n", event.Type, event.Data, event.ID)
	}
	// Output:
	// message "first" after "1"
	// add "two\nlines" after "1"
}

// eventsServer sends two events on each of its connections, the next two after
// the last event ID.
func eventsServer() *session.Session {
	s, err := session.New(session.Config{Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
		var last int
		fmt.Sscan(req.Header.Get("Last-Event-ID"), &last)
		body := fmt.Sprintf("retry: 1\nid: %d\ndata: a\n\nid: %d\ndata: b\n\n", last+1, last+2)
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}},
			ContentLength: -1, Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	})})
	if err != nil {
		panic(err)
	}
	return s
}

func ExampleSession_Events() {
	s := eventsServer()
	defer s.Close()
	for event, err := range s.Events(context.Background(), "http://example.com/events") {
		if err != nil {
			fmt.Println("error:", err)
			break
		}
		fmt.Println(event.ID, event.Data)
		if event.ID == "4" {
			break
		}
	}
	// Output:
	// 1 a
	// 2 b
	// 3 a
	// 4 b
}

func ExampleEventSource() {
	s := eventsServer()
	defer s.Close()
	source := session.EventSource{
		Session: s, URL: "http://example.com/events", LastEventID: "7", MaxRetry: time.Second,
		OnRetry: func(err error, wait time.Duration) { fmt.Println("again in", wait, "because of:", err) },
	}
	for event, err := range source.Events(context.Background()) {
		if err != nil {
			fmt.Println("error:", err)
			break
		}
		fmt.Println(event.ID, event.Data)
		if event.ID == "10" {
			break
		}
	}
	// Output:
	// 8 a
	// 9 b
	// again in 100ms because of: the server has ended the stream of events: EOF
	// 10 a
}

func ExampleMaxEventSize() {
	s := eventsServer()
	defer s.Close()
	for event, err := range s.Events(context.Background(), "http://example.com/events", session.MaxEventSize(32<<20)) {
		fmt.Println(event.Data, err)
		break
	}
	// Output: a <nil>
}

func ExampleRecords() {
	type item struct{ Name string }
	s := exampleServer(`{"name": "one"}` + "\n" + `{"name": "two"}` + "\n")
	defer s.Close()
	for v, err := range session.Records[item](s.Get(context.Background(), "http://example.com/items")) {
		if err != nil {
			fmt.Println("error:", err)
			break
		}
		fmt.Println(v.Name)
	}
	// Output:
	// one
	// two
}

func ExampleSession_Pages() {
	s, err := session.New(session.Config{Transport: middleware.Func(func(req *http.Request) (*http.Response, error) {
		h := http.Header{}
		if page := req.URL.Query().Get("page"); page != "3" {
			h.Set("Link", `<?page=`+string(page[0]+1)+`>; rel=next`)
		}
		body := io.NopCloser(strings.NewReader("this is " + req.URL.RequestURI()))
		return &http.Response{StatusCode: http.StatusOK, Header: h, ContentLength: -1, Body: body}, nil
	})})
	if err != nil {
		panic(err)
	}
	defer s.Close()
	for resp, err := range s.Pages(context.Background(), "http://example.com/items", session.Query("page", "1")) {
		show(resp, err)
	}
	// Output:
	// this is /items?page=1
	// this is /items?page=2
	// this is /items?page=3
}

// exampleDir is a directory that is gone after the example.
func exampleDir() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "aiolos")
	if err != nil {
		panic(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

func ExampleResponse_Save() {
	dir, remove := exampleDir()
	defer remove()
	resp := exampleAnswer("the body")
	n, err := resp.Save(context.Background(), filepath.Join(dir, "file.txt"))
	fmt.Println(n, err)
	data, err := os.ReadFile(filepath.Join(dir, "file.txt"))
	fmt.Println(string(data), err)
	// Output:
	// 8 <nil>
	// the body <nil>
}

func ExampleResponse_SaveTo() {
	dir, remove := exampleDir()
	defer remove()
	resp := exampleAnswer("the body", "Content-Disposition", `attachment; filename="../../notes.txt"`)
	saved, err := resp.SaveTo(context.Background(), session.SaveConfig{
		Path: dir, Progress: func(done, total int64) { fmt.Println(done, "of", total) },
	})
	fmt.Println(filepath.Base(saved.Path), saved.Size, err)
	// Output:
	// 8 of -1
	// notes.txt 8 <nil>
}

func ExampleSession_Save() {
	dir, remove := exampleDir()
	defer remove()
	s := exampleServer("the body")
	defer s.Close()
	sum := sha256.Sum256([]byte("another body"))
	saved, err := s.Save(context.Background(), "http://example.com/big.iso", session.SaveConfig{
		Path: dir, Hash: sha256.New, Sum: sum[:],
	})
	fmt.Println(saved.Size, strings.Contains(err.Error(), hex.EncodeToString(sum[:])))
	entries, err := os.ReadDir(dir)
	fmt.Println(len(entries), "files", err)
	// Output:
	// 0 true
	// 0 files <nil>
}
