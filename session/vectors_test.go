package session_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

func TestContentDispositionVectors(t *testing.T) {
	t.Parallel()
	for _, v := range wiretest.ReadVectors(t, "testdata/content-disposition.txt") {
		cd, err := session.ParseContentDisposition(v.In[0])
		got := "error"
		if err == nil {
			got = cd.Type + " " + strconv.Quote(cd.FileName())
		}
		if got != v.Want {
			t.Errorf("line %d: %q: got %s, want %s", v.Line, v.In[0], got, v.Want)
		}
		checkSafeName(t, cd.SafeName())
		if _, taken, ok := strings.Cut(v.Source, "wget: "); ok && err == nil && cd.SafeName() != taken {
			t.Errorf("line %d: %q: safe name %s, want %s", v.Line, v.In[0], cd.SafeName(), taken)
		}
	}
}

func TestLinkVectors(t *testing.T) {
	t.Parallel()
	base, err := url.Parse("http://host.example/dir/page?q=1")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range wiretest.ReadVectors(t, "testdata/link.txt") {
		links, broken := session.ParseBrokenLinks(v.In, base)
		got := linkText(links)
		if broken > 0 {
			got = strings.TrimLeft(got+" broken", " ")
		}
		if got != v.Want {
			t.Errorf("line %d: %q\ngot  %s\nwant %s", v.Line, v.In, got, v.Want)
		}
	}
}
