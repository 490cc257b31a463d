package session_test

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// lateServer has content in a coding and without: the first body is cut after
// 1000 bytes, and all have the same date and no tag.
func lateServer(t *testing.T, first, then string, length bool) *fileServer {
	t.Helper()
	f := newFileServer(t)
	f.tag = ""
	f.header.Set("Last-Modified", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	body := func(w http.ResponseWriter, coding string) []byte {
		if coding == "" {
			return content
		}
		w.Header().Set("Content-Encoding", coding)
		return []byte(strings.ToUpper(string(content))) // not what it is without
	}
	cut := false
	f.handler = func(w http.ResponseWriter, r *http.Request) {
		if cut {
			r.Header.Del("If-Range") // such servers do not know it
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body(w, then)))
			return
		}
		cut = true
		data := body(w, first)
		if length {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		}
		w.Write(data[:1000])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	return f
}

// TestSaveOtherEncoding: a date is that of all codings of a resource, but the bytes
// are not the same. What is in one is not continued by what is in another.
func TestSaveOtherEncoding(t *testing.T) {
	t.Parallel()
	upper := bytes.ToUpper(content)
	for _, tt := range []struct {
		name, first, then string
		resumed           int64
		want              []byte
	}{
		{"both without", "", "", 1000, content},
		{"without, and called so", "", "identity", 1000, upper},
		{"encoded, then without", "x-upper", "", 0, content},
		{"without, then encoded", "", "x-upper", 0, upper},
		{"both encoded", "x-upper", "X-Upper", 1000, upper},
		{"encoded in two ways", "x-upper", "x-other", 0, upper},
		{"gzip, then without", "gzip", "", 0, content},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, path := lateServer(t, tt.first, tt.then, true), filepath.Join(t.TempDir(), "f")
			resp, err := f.s.Get(t.Context(), f.URL+"/f", session.NoDecompress())
			if err != nil {
				t.Fatal(err)
			}
			left, err := resp.SaveTo(t.Context(), session.SaveConfig{Path: path})
			wantIs(t, err, errors.ErrClientPayload)
			if !left.Unfinished || left.Size != 1000 {
				t.Fatalf("%+v is left", left)
			}
			f.requests()
			saved, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{Path: path}, session.NoDecompress())
			if err != nil || saved.Resumed != tt.resumed {
				t.Errorf("%+v, %v, want %d resumed", saved, err, tt.resumed)
			}
			want := tt.want
			if tt.name == "without, and called so" {
				want = append(bytes.Clone(content[:1000]), upper[1000:]...)
			}
			wantContent(t, path, want)
			if asked := f.requests(); !strings.HasPrefix(asked, "bytes=1000- ") || strings.Contains(asked, "|") != (tt.resumed == 0) {
				t.Errorf("asked for %q", asked)
			}
		})
	}
}

// TestSaveCompleteEncoded: the length in a 416 is that of the bytes without a
// coding, which says nothing about others.
func TestSaveCompleteEncoded(t *testing.T) {
	t.Parallel()
	all := len(content)
	for _, tt := range []struct {
		name, meta string
		have       int
		total      string
		complete   bool
	}{
		{"no coding", fmt.Sprintf(`"length":%d`, all), all, strconv.Itoa(all), true},
		{"length unknown before", `"length":-1`, all, strconv.Itoa(all), true},
		{"length unknown now", fmt.Sprintf(`"length":%d`, all), all, "", true},
		{"length never known", `"length":-1`, all, "", false},
		{"they disagree", fmt.Sprintf(`"length":%d`, all+1), all, strconv.Itoa(all), false},
		{"encoded and not complete", `"encoding":"gzip","length":2000`, 1000, "1000", false},
		{"encoded, length unknown", `"encoding":"gzip","length":-1`, 1000, "1000", false},
		{"encoded and complete", fmt.Sprintf(`"encoding":"gzip","length":%d`, all), all, "5", true},
	} {
		f, dir := newFileServer(t), t.TempDir()
		put(t, dir, "f.part", string(content[:tt.have]))
		put(t, dir, "f.part.json", fmt.Sprintf(`{"url":%q,"etag":"\"v1\"",%s}`, f.URL+"/f", tt.meta))
		f.handler = func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				w.Write(content)
				return
			}
			if tt.total != "" {
				w.Header().Set("Content-Range", "bytes */"+tt.total)
			}
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}
		saved, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{Path: dir})
		if err != nil || (saved.Resumed > 0) != tt.complete {
			t.Errorf("%s: %+v, %v", tt.name, saved, err)
		}
		wantContent(t, filepath.Join(dir, "f"), content)
	}
}
