package archive_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/archive"
)

func TestHasClass(t *testing.T) {
	t.Parallel()
	const text = "ClientResponse 404: get http://h/: 404 Not Found"
	for class, want := range map[string]bool{
		"ClientResponse": true, "clientresponse 404": true, "ClientResponse 40": false, "404": false, "SocketTimeout": false, "get": false,
	} {
		if got := archive.HasClass(text, []string{class}); got != want {
			t.Errorf("%s: got %v, want %v", class, got, want)
		}
	}
	if !archive.HasClass(text, nil) || !archive.HasClass("", nil) || archive.HasClass("", []string{"x"}) {
		t.Error("no classes are not all")
	}
}

// TestNothing: a queue that nobody has pushed to has nothing to bring back and nothing to
// pause.
func TestNothing(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	defer client.Close()
	if n, err := archive.Retry(t.Context(), client, "q", nil); n != 0 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if err := archive.Drain(t.Context(), client, "q", func(int) { t.Error("told") }); err != nil {
		t.Error(err)
	}
	if err := archive.Resume(t.Context(), client, "q"); err != nil {
		t.Error(err)
	}
}
