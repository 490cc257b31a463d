package simulate

import (
	"bytes"
	stderrors "errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// identity is whom and what an answer is for, as the server saw it. It is the first
// line of every body, and a field of every head.
type identity struct {
	Resource           string
	Auth, Cookie, Cert string // the users that were shown, or "-"
	Via                string // the proxy, with who was shown to it, or direct
	Server             Host
	Status             int
	Version            int
	Size               int // of what follows the line
}

func (i identity) String() string {
	return fmt.Sprintf("sim %s auth=%s cookie=%s cert=%s via=%s srv=%s st=%d v=%d n=%d",
		i.Resource, i.Auth, i.Cookie, i.Cert, i.Via, i.Server, i.Status, i.Version, i.Size)
}

func parseIdentity(line string) (i identity, err error) {
	values := strings.Fields(line)
	if len(values) != 10 || values[0] != "sim" {
		return i, fmt.Errorf("no identity: %.80q", line)
	}
	text := func(n int) string { _, v, _ := strings.Cut(values[n], "="); return v }
	number := func(n int) (v int) {
		if err == nil {
			v, err = strconv.Atoi(text(n))
		}
		return v
	}
	i = identity{
		Resource: values[1], Auth: text(2), Cookie: text(3), Cert: text(4), Via: text(5), Server: Host(text(6)),
		Status: number(7), Version: number(8), Size: number(9),
	}
	return i, err
}

// body is what the server sends for an identity: no two have the same.
func (i identity) body() []byte {
	line := i.String() + "\n"
	return append([]byte(line), filler(line, i.Size)...)
}

// filler are n bytes that depend on the text at every place.
func filler(text string, n int) []byte {
	h := fnv.New64a()
	h.Write([]byte(text))
	state := h.Sum64() | 1
	b := make([]byte, n)
	for i := range b {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		b[i] = 'a' + byte(state>>32)%26
	}
	return b
}

// checkBody reads the identity of a body, whole or the start of one, and says what
// is wrong with the rest.
func checkBody(body []byte, whole bool) (identity, error) {
	line, _, found := bytes.Cut(body, []byte("\n"))
	if !found {
		if whole {
			return identity{}, fmt.Errorf("body without an identity: %.80q", body)
		}
		return identity{}, errPartial
	}
	i, err := parseIdentity(string(line))
	if err != nil {
		return i, err
	}
	want := i.body()
	switch {
	case whole && !bytes.Equal(body, want):
		return i, fmt.Errorf("body of %q is not what was sent: %d bytes of %d, the first difference at %d",
			line, len(body), len(want), difference(body, want))
	case !bytes.HasPrefix(want, body):
		return i, fmt.Errorf("start of the body of %q is not what was sent: difference at %d", line, difference(body, want))
	}
	return i, nil
}

func difference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

var errPartial = stderrors.New("less than an identity")
