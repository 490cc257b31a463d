package main

import (
	"fmt"
	"io"
	"os"
)

// payload is the JSON of about a kilobyte that is posted.
type payload struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Notes []string `json:"notes"`
}

// newPayload is 1,112 bytes of JSON.
func newPayload() *payload {
	p := &payload{ID: 1, Name: "a kilobyte"}
	for range 16 {
		p.Notes = append(p.Notes, "sixty characters or so of text that is neither long nor short")
	}
	return p
}

// answer is what comes back for what is sent.
type answer struct {
	Received int64 `json:"received"`
}

func (a answer) checkSize(atLeast int64, err error) error {
	if err == nil && a.Received < atLeast {
		err = fmt.Errorf("%d bytes of %d were received", a.Received, atLeast)
	}
	return err
}

// source is what is uploaded: a file, or what a goroutine writes into an io.Pipe.
type source struct {
	file string // empty: the pipe
}

// length is bigSize, or -1 because nobody knows a pipe's.
func (s source) length() int64 {
	if s.file == "" {
		return -1
	}
	return bigSize
}

// use opens the source for the time of one upload.
func (s source) use(send func(io.Reader) error) error {
	if s.file != "" {
		return withFile(s.file, func(f *os.File) error { return send(f) })
	}
	r, w := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.CloseWithError(writeBlocks(w)) // which never fails
	}()
	err := send(r)
	_ = r.Close() // likewise; a writer that was not read to its end goes away
	<-ended
	return err
}

var pipeBlock = make([]byte, 32<<10)

func writeBlocks(w io.Writer) error {
	for range bigSize / len(pipeBlock) {
		if _, err := w.Write(pipeBlock); err != nil {
			return err
		}
	}
	return nil
}

func withFile(name string, use func(*os.File) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return use(f)
}
