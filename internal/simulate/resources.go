package simulate

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// resource is what several operations ask for.
type resource struct {
	size   int           // of the body, beside its first line
	empty  bool          // there is no body: the head alone says whose it is
	maxAge int           // in seconds
	period time.Duration // of a version; 0: there is but one
}

// resources are all of them, by their numbers.
var resources = map[int]resource{
	1: {size: 40_100, maxAge: 60},
	2: {size: 80_100, maxAge: 1},
	3: {size: 20_100, maxAge: 1, period: 500 * time.Millisecond},
	4: {empty: true, maxAge: 60},
}

// shared is the resource of an identity, or nil if it is an operation's own.
func (i *identity) shared() *resource {
	number, ok := strings.CutPrefix(i.Resource, "shared/")
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(number)
	r, known := resources[n]
	if err != nil || !known {
		return nil
	}
	return &r
}

// header is what the server sends with it, beside the identity.
func (r *resource) header(id *identity) http.Header {
	return http.Header{
		"Vary":          {"Cookie"},
		"Cache-Control": {fmt.Sprintf("max-age=%d", r.maxAge)},
		"Etag":          {`"` + strings.ReplaceAll(id.String(), " ", "_") + `"`},
	}
}
