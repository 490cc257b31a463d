package session_test

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/aiolos-http/aiolos/session"
)

// Each chunk as the server has sent it; a long one comes in pieces.
func ExampleHTTPChunks() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(context.Background(), "http://example.com/chunks", session.HTTPChunks())
	if err != nil {
		fmt.Println(err)
		return
	}
	for chunk, err := range resp.Content().HTTPChunks() {
		fmt.Printf("%q %v %v\n", chunk.Data, chunk.End, err)
	}
	// Output:
	// "first\n" true <nil>
	// "second\nthird\n" true <nil>
}

func ExampleStreamReader_ReadHTTPChunk() {
	s, stop := exampleSession(session.Config{})
	defer stop()
	resp, err := s.Get(context.Background(), "http://example.com/chunks", session.HTTPChunks())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Close()
	var message []byte
	for end := false; !end && err == nil; {
		var piece []byte
		piece, end, err = resp.Content().ReadHTTPChunk()
		message = append(message, piece...)
	}
	fmt.Printf("%q %v\n", message, err)
	// Output: "first\n" <nil>
}

// Up to four requests fetch parts of the file at a time.
func ExampleSaveConfig() {
	dir, remove := exampleDir()
	defer remove()
	s, stop := exampleSession(session.Config{})
	defer stop()
	saved, err := s.Save(context.Background(), "http://example.com/image", session.SaveConfig{
		Path: filepath.Join(dir, "image"), Parallel: 4,
	})
	fmt.Println(filepath.Base(saved.Path), saved.Size, err)
	// Output: image 3145728 <nil>
}
