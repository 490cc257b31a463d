package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"strings"
)

// makeJSON is text such as a list from an API, with the fields that a list of
// issues has: names and addresses that recur, numbers, dates and words that do
// not.
func makeJSON(size int) []byte {
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same text every time
	words := strings.Fields("open closed merged draft fix the crash when a header is empty add support for tests in docs " +
		"update version remove unused code improve error message handle timeout of connection")
	word := func() string { return words[rng.IntN(len(words))] }
	var b bytes.Buffer
	b.WriteByte('[')
	for b.Len() < size {
		n, user := rng.IntN(100_000), rng.IntN(5000)
		repo := fmt.Sprintf("https://api.example.com/repos/gopher/burrow/issues/%d", n)
		fmt.Fprintf(&b, `{"url":"%s","labels_url":"%s/labels{/name}","comments_url":"%s/comments","events_url":"%s/events",`, repo, repo, repo, repo)
		fmt.Fprintf(&b, `"id":%d,"number":%d,"title":"%s %s %s %s",`, rng.Uint32(), n, word(), word(), word(), word())
		fmt.Fprintf(&b, `"user":{"login":"user-%d","url":"https://api.example.com/users/user-%d","type":"User","site_admin":false},`, user, user)
		fmt.Fprintf(&b, `"state":"%s","locked":false,"assignee":null,"comments":%d,"created_at":"2026-%02d-%02dT%02d:%02d:00Z"},`,
			words[rng.IntN(4)], rng.IntN(40), 1+rng.IntN(12), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60))
	}
	b.WriteString("{}]")
	return b.Bytes()
}

func compress(p []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(p) // a Buffer takes all
	_ = w.Close()
	return b.Bytes()
}
