package session_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// A file that is there already is not fetched again, wherever its name comes from.
func ExampleIfExists() {
	dir, remove := exampleDir()
	defer remove()
	s := exampleServer("the body", "Content-Disposition", `attachment; filename="notes.txt"`)
	defer s.Close()
	for range 2 {
		saved, err := s.Save(context.Background(), "http://example.com/7", session.SaveConfig{
			Path: dir, IfExists: session.ExistsRefuse,
		})
		fmt.Println(saved.Size, errors.Is(err, fs.ErrExist))
	}
	// Output:
	// 8 false
	// 0 true
}

// A second call for a file that is being saved is told so, and leaves it alone.
func ExampleErrSaveBusy() {
	dir, remove := exampleDir()
	defer remove()
	s := exampleServer("the body")
	defer s.Close()
	path := filepath.Join(dir, "notes.txt")
	saved, err := s.Save(context.Background(), "http://example.com/7", session.SaveConfig{
		Path: path,
		Verify: func(io.Reader) error { // the first call is not over yet
			_, err := s.Save(context.Background(), "http://example.com/7", session.SaveConfig{Path: path})
			fmt.Println(errors.Is(err, session.ErrSaveBusy))
			return nil
		},
	})
	fmt.Println(saved.Size, err)
	// Output:
	// true
	// 8 <nil>
}

// The caller names the file, refuses names, and sees what begins.
func ExampleSaveConfig_names() {
	dir, remove := exampleDir()
	defer remove()
	root, err := os.OpenRoot(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer root.Close()
	s := exampleServer("the body", "X-Title", "Report")
	defer s.Close()
	saved, err := s.Save(context.Background(), "http://example.com/7", session.SaveConfig{
		Root:  root,
		Name:  func(r *session.Response) string { return r.Header.Get("X-Title") + ".txt" },
		Claim: func(name string) bool { return name != "Report.txt" },
		Begin: func(_ *session.Response, at session.Saved, total int64) error {
			fmt.Println(filepath.Base(at.Path), at.Size, total)
			return nil
		},
		Verify: func(file io.Reader) error {
			text, err := io.ReadAll(file)
			fmt.Println(string(text))
			return err
		},
	})
	fmt.Println(filepath.Base(saved.Path), saved.Size, err)
	// Output:
	// Report-1.txt 0 -1
	// the body
	// Report-1.txt 8 <nil>
}

// What an error has left is continued by the same call.
func ExampleSaved() {
	dir, remove := exampleDir()
	defer remove()
	s, err := session.New(session.Config{Transport: cutOnce()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for range 2 {
		saved, err := s.Save(context.Background(), "http://example.com/file", session.SaveConfig{Path: dir})
		fmt.Println(filepath.Base(saved.Path), saved.Size, saved.Resumed, saved.Unfinished, err != nil)
	}
	// Output:
	// file 4 0 true true
	// file 8 4 false false
}

// A URL that is signed has another query each time; the file's name is the same.
func ExampleSaveConfig_resumeAnyURL() {
	dir, remove := exampleDir()
	defer remove()
	s, err := session.New(session.Config{Transport: cutOnce()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for _, signature := range []string{"1", "2"} {
		saved, err := s.Save(context.Background(), "http://example.com/file?signature="+signature, session.SaveConfig{
			Path: filepath.Join(dir, "file"), ResumeAnyURL: true,
		})
		fmt.Println(filepath.Base(saved.Path), saved.Size, saved.Resumed, saved.Unfinished, err != nil)
	}
	// Output:
	// file 4 0 true true
	// file 8 4 false false
}

// cutOnce sends half of the file, or the rest if that is asked for.
func cutOnce() http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		h := http.Header{"Etag": {`"v1"`}}
		if req.Header.Get("Range") == "bytes=4-" {
			h.Set("Content-Range", "bytes 4-7/8")
			return &http.Response{StatusCode: http.StatusPartialContent, Header: h, ContentLength: 4, Body: io.NopCloser(strings.NewReader("body"))}, nil
		}
		return &http.Response{StatusCode: http.StatusOK, Header: h, ContentLength: 8, Body: io.NopCloser(strings.NewReader("the "))}, nil
	})
}
