package session_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// partAnswer answers with a part of bigContent, of which the headers may be others.
func partAnswer(status, from, to int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Range", "bytes "+strconv.Itoa(from)+"-"+strconv.Itoa(to-1)+"/"+strconv.Itoa(len(bigContent)))
		h.Set("Content-Length", strconv.Itoa(to-from))
		for i := 0; i < len(header); i += 2 {
			h.Del(header[i])
			if header[i+1] != "" {
				h.Set(header[i], header[i+1])
			}
		}
		w.WriteHeader(status)
		w.Write(bigContent[from:to])
	}
}

// cutPart answers with the start of a part, and cuts the connection after n bytes,
// once wait is closed.
func cutPart(from, to, n int, wait <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Range", "bytes "+strconv.Itoa(from)+"-"+strconv.Itoa(to-1)+"/"+strconv.Itoa(len(bigContent)))
		w.Header().Set("Content-Length", strconv.Itoa(to-from))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(bigContent[from : from+n])
		http.NewResponseController(w).Flush()
		select {
		case <-wait:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
}

func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// span is the header of a request for a part, without If-Range.
func span(header string) string { return strings.TrimSuffix(header, ` "v1"`) }

// TestSavePartsOtherAnswers: what is not the very part that was asked for is not
// used, and the response that is there goes on.
func TestSavePartsOtherAnswers(t *testing.T) {
	t.Parallel()
	const from, to = mebi, 2 * mebi
	for name, answer := range map[string]http.HandlerFunc{
		"all of it":            partAnswer(200, 0, len(bigContent), "Content-Range", ""),
		"all of another":       partAnswer(200, 0, 100, "Content-Range", "", "Etag", `"v2"`),
		"of another":           partAnswer(206, from, to, "Etag", `"v2"`),
		"without a tag":        partAnswer(206, from, to, "Etag", ""),
		"from elsewhere":       partAnswer(206, from+1, to),
		"too short":            partAnswer(206, from, to-1),
		"too long":             partAnswer(206, from, to+1),
		"of another length":    partAnswer(206, from, to, "Content-Range", "bytes 1048576-2097151/4194305"),
		"of an unknown length": partAnswer(206, from, to, "Content-Range", "bytes 1048576-2097151/*"),
		"without a range":      partAnswer(206, from, to, "Content-Range", ""),
		"several ranges":       partAnswer(206, from, to, "Content-Range", "", "Content-Type", "multipart/byteranges; boundary=x"),
		"encoded":              partAnswer(206, from, to, "Content-Encoding", "gzip"),
		"beyond the end":       partAnswer(416, from, to, "Content-Range", "bytes */100"),
		"not found":            partAnswer(404, from, to),
		"overloaded":           partAnswer(503, from, to),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir := newPartsServer(t, session.Config{}), t.TempDir()
			f.release = make(chan struct{})
			var once sync.Once
			f.answer[span(second)] = func(w http.ResponseWriter, r *http.Request) {
				answer(w, r)
				once.Do(func() { close(f.release) })
			}
			sum := sha256.Sum256(bigContent)
			saved, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{
				Path: filepath.Join(dir, "f"), Parallel: 4, Hash: sha256.New, Sum: sum[:], Progress: counting(t, 0, nil),
			}, session.CheckStatus())
			if err != nil || saved.Size != int64(len(bigContent)) {
				t.Errorf("got %+v, %v", saved, err)
			}
			got := f.requests() // how many of them depends on when the answer is there
			for asked := range strings.SplitSeq(got, "|") {
				if !strings.Contains(allFour, asked) || asked != "" && strings.Count(got, asked) > 1 {
					t.Errorf("asked for %s", got)
				}
			}
			if got := files(t, dir); got != "f" {
				t.Errorf("files %q", got)
			}
		})
	}
}

// TestSavePartsTooLong: a part without a length that is longer than its range is not
// used, whenever that is seen.
func TestSavePartsTooLong(t *testing.T) {
	t.Parallel()
	for _, each := range []string{second, third, fourth} {
		f, dir := newPartsServer(t, session.Config{}), t.TempDir()
		from := map[string]int{second: mebi, third: 2 * mebi, fourth: 3 * mebi}[each]
		f.answer[span(each)] = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes "+strconv.Itoa(from)+"-"+strconv.Itoa(from+mebi-1)+"/"+strconv.Itoa(len(bigContent)))
			w.WriteHeader(http.StatusPartialContent)
			http.NewResponseController(w).Flush()
			w.Write(bytes.Repeat([]byte("x"), mebi+1))
		}
		path := filepath.Join(dir, "f")
		saved, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{Path: path, Parallel: 4})
		if err != nil || saved.Size != int64(len(bigContent)) {
			t.Errorf("%s: %+v, %v", each, saved, err)
		}
		wantContent(t, path, bigContent)
	}
}

// TestSavePartsCut: a part that breaks off is asked for again from there, and taken
// by the first one if it breaks off again.
func TestSavePartsCut(t *testing.T) {
	t.Parallel()
	const again = `bytes=1049576-2097151 "v1"`
	for name, tt := range map[string]struct {
		first  bool
		answer map[string]http.HandlerFunc
		asked  []string
	}{
		"once": {false, map[string]http.HandlerFunc{
			span(second): cutPart(mebi, 2*mebi, 1000, closed()),
		}, []string{second, again, third, fourth}},
		"twice": {false, map[string]http.HandlerFunc{
			span(second): cutPart(mebi, 2*mebi, 1000, closed()), span(again): cutPart(mebi+1000, 2*mebi, 50, closed()),
		}, []string{second, again}},
		"the first": {true, nil, []string{second, third, fourth, `bytes=1000-1048575 "v1"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir := newPartsServer(t, session.Config{}), t.TempDir()
			f.release, f.answer = make(chan struct{}), tt.answer
			progress := counting(t, 3*mebi, f.release)
			switch {
			case tt.first:
				f.answer = map[string]http.HandlerFunc{"": func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Accept-Ranges", "bytes")
					w.Header().Set("Content-Length", strconv.Itoa(len(bigContent)))
					w.Write(bigContent[:1000])
					http.NewResponseController(w).Flush()
					select {
					case <-f.release:
					case <-t.Context().Done():
					}
					panic(http.ErrAbortHandler)
				}}
			case len(tt.answer) == 2:
				progress = nil // it falls back if the first has ended by then
				last := f.answer[span(again)]
				f.answer[span(again)] = func(w http.ResponseWriter, r *http.Request) {
					defer close(f.release)
					last(w, r)
				}
			}
			saved, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{Path: filepath.Join(dir, "f"), Parallel: 4, Progress: progress})
			if err != nil || saved.Size != int64(len(bigContent)) || saved.Resumed != 0 {
				t.Errorf("got %+v, %v", saved, err)
			}
			got := f.requests()
			for _, asked := range tt.asked {
				if strings.Count(got, asked) != 1 {
					t.Errorf("asked for %s, want %s", got, asked)
				}
			}
			wantContent(t, filepath.Join(dir, "f"), bigContent)
		})
	}
}

// TestSavePartsGap: the response that was there has ended when a part fails. What is
// missing comes with one more request, or the whole, if it is another by now.
func TestSavePartsGap(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		f, dir := newPartsServer(t, session.Config{}), t.TempDir()
		f.release = make(chan struct{}) // of the first, once the others have come
		firstDone := make(chan struct{})
		f.answer[span(second)] = cutPart(mebi, 2*mebi, 1000, firstDone)
		const rest = "bytes=1049576-2097151"
		want, asked := bigContent, atomic.Int32{}
		if other {
			want = []byte("another version")
		}
		f.answer[rest] = func(w http.ResponseWriter, r *http.Request) {
			switch asked.Add(1) {
			case 1:
				cutPart(mebi+1000, 2*mebi, 0, closed())(w, r)
			default:
				if other {
					w.Header().Set("Etag", `"v2"`)
					w.Write(want)
					return
				}
				partAnswer(206, mebi+1000, 2*mebi)(w, r)
			}
		}
		begun := []string{"200 f 0 0 4194304"} // the gap is no beginning
		if other {
			begun = append(begun, "200 f 0 0 15")
		}
		var calls []string
		var others, all sync.Once
		path := filepath.Join(dir, "f")
		saved, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{Path: path, Parallel: 4, Begin: begins(&calls, nil), Progress: func(done, _ int64) {
			switch done {
			case 2*mebi + 2000: // and 1000 of the first and the second
				others.Do(func() { close(f.release) })
			case 3*mebi + 1000:
				all.Do(func() { close(firstDone) })
			}
		}})
		if err != nil || saved.Size != int64(len(want)) || saved.Resumed != 0 || !slices.Equal(calls, begun) {
			t.Errorf("got %+v, %v, begun %q", saved, err, calls)
		}
		if got := f.requests(); strings.Count(got, rest+` "v1"`) != 2 || strings.Count(got, "|") != 5 {
			t.Errorf("asked for %s", got)
		}
		wantContent(t, path, want)
		if got := files(t, dir); got != "f" {
			t.Errorf("files %q", got)
		}
	}
}

// TestSavePartsCancel: what was there of any part stays, and the next call asks for the
// gaps alone, in parts or not.
func TestSavePartsCancel(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"session", "response"} {
		for _, noResume := range []bool{false, true} {
			f, dir := newPartsServer(t, session.Config{}), t.TempDir()
			f.release = make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			described := ""
			cfg := session.SaveConfig{Path: filepath.Join(dir, "f"), Parallel: 4, NoResume: noResume, Progress: func(done, _ int64) {
				if done == 3*mebi+1000 { // all but the rest of the first
					described = files(t, dir)
					cancel()
				}
			}}
			var err error
			if way == "session" {
				_, err = f.s.Save(ctx, f.URL+"/big", cfg)
			} else {
				resp, failed := f.s.Get(t.Context(), f.URL+"/big")
				if failed != nil {
					t.Fatal(failed)
				}
				_, err = resp.SaveTo(ctx, cfg)
			}
			cancel()
			wantIs(t, err, context.Canceled)
			aside := "f.part f.part.json f.part.json.tmp"
			if noResume {
				aside = "f.part"
			}
			if described != aside {
				t.Errorf("%s: files %q while parts are fetched, want %q", way, described, aside)
			}
			f.requests()
			if noResume {
				if got := files(t, dir); got != "" {
					t.Errorf("%s: files %q", way, got)
				}
				continue
			}
			if got := files(t, dir); got != "f.part f.part.json" {
				t.Errorf("%s: files %q", way, got)
			}
			close(f.release)
			cfg.Progress, cfg.Parallel = nil, 0
			saved, err := f.s.Save(t.Context(), f.URL+"/big", cfg)
			if err != nil || saved.Resumed != 3*mebi+1000 || saved.Size != int64(len(bigContent)) {
				t.Errorf("%s: then %+v, %v", way, saved, err)
			}
			if got := f.requests(); got != `bytes=1000-1048575 "v1"` {
				t.Errorf("%s: then asked for %s", way, got)
			}
			wantContent(t, filepath.Join(dir, "f"), bigContent)
		}
	}
}

// TestSavePartsAfterFirstByte: no part is asked for while the file has no beginning, for
// without one nothing could be kept.
func TestSavePartsAfterFirstByte(t *testing.T) {
	t.Parallel()
	f, dir := newPartsServer(t, session.Config{}), t.TempDir()
	others := make(chan struct{})
	var once sync.Once
	f.answer[""] = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Accept-Ranges", "bytes")
		w.Header().Set("Content-Length", strconv.Itoa(len(bigContent)))
		http.NewResponseController(w).Flush()
		select {
		case <-others:
			t.Error("a part is asked for before the first byte is there")
		case <-time.After(50 * time.Millisecond):
		}
		w.Write(bigContent[:1000])
		http.NewResponseController(w).Flush()
		select {
		case <-others:
		case <-r.Context().Done():
		}
		w.Write(bigContent[1000:])
	}
	for i, each := range []string{second, third, fourth} {
		f.answer[span(each)] = func(w http.ResponseWriter, r *http.Request) {
			once.Do(func() { close(others) })
			partAnswer(206, (i+1)*mebi, (i+2)*mebi)(w, r)
		}
	}
	saved, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{Path: filepath.Join(dir, "f"), Parallel: 4})
	if err != nil || saved.Size != int64(len(bigContent)) {
		t.Errorf("got %+v, %v", saved, err)
	}
	wantContent(t, filepath.Join(dir, "f"), bigContent)
}

// TestSavePartsResume: the rest of an unfinished file is divided, too.
func TestSavePartsResume(t *testing.T) {
	t.Parallel()
	f, dir := newPartsServer(t, session.Config{}), t.TempDir()
	meta := `{"url":"` + f.URL + `/big","etag":"\"v1\"","length":` + strconv.Itoa(len(bigContent)) + `}`
	for name, data := range map[string][]byte{"f.part": bigContent[:mebi], "f.part.json": []byte(meta)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	release := make(chan struct{})
	f.answer["bytes=1048576-"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", "bytes 1048576-4194303/4194304")
		w.Header().Set("Content-Length", strconv.Itoa(3*mebi))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(bigContent[mebi:][:1000])
		http.NewResponseController(w).Flush()
		select {
		case <-release:
		case <-t.Context().Done():
		}
		w.Write(bigContent[mebi+1000:])
	}
	saved, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{
		Path: filepath.Join(dir, "f"), Parallel: 8, Progress: counting(t, 3*mebi, release),
	})
	if err != nil || saved.Resumed != mebi || saved.Size != int64(len(bigContent)) {
		t.Errorf("got %+v, %v", saved, err)
	}
	if got, want := f.requests(), `bytes=1048576- "v1"|`+third+"|"+fourth; got != want {
		t.Errorf("asked for %s\nwant %s", got, want)
	}
	wantContent(t, filepath.Join(dir, "f"), bigContent)
}

// TestSavePartsLimits: the connector's limits hold, and nothing waits for itself.
func TestSavePartsLimits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg  connector.Config
		busy bool // a connection is somebody else's
		most int
	}{
		"one":              {connector.Config{Limit: 1}, false, 1},
		"one per host":     {connector.Config{LimitPerHost: 1}, false, 1},
		"two per host":     {connector.Config{LimitPerHost: 2}, false, 2},
		"one of two":       {connector.Config{Limit: 2}, true, 2},
		"two of three":     {connector.Config{Limit: 3}, true, 3},
		"as many as there": {connector.Config{}, false, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := connector.New(tt.cfg)
			if err != nil {
				t.Fatal(err)
			}
			f, dir := newPartsServer(t, session.Config{Connector: c, OwnConnector: true}), t.TempDir()
			if tt.busy {
				f.answer["bytes=0-0"] = func(w http.ResponseWriter, r *http.Request) {
					http.NewResponseController(w).Flush()
					<-r.Context().Done()
				}
				resp, err := f.s.Get(t.Context(), f.URL, session.Header("Range", "bytes=0-0"))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Close()
			}
			most := 0
			saved, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{
				Path: filepath.Join(dir, "f"), Parallel: 4, Progress: func(int64, int64) { most = max(most, c.Stats().InUse) },
			})
			if err != nil || saved.Size != int64(len(bigContent)) {
				t.Errorf("got %+v, %v", saved, err)
			}
			wantContent(t, filepath.Join(dir, "f"), bigContent)
			if most > tt.most {
				t.Errorf("%d connections, want at most %d", most, tt.most)
			}
			if asked := f.requests(); tt.most == 1 && asked != "" {
				t.Errorf("asked for %s besides", asked)
			}
		})
	}
}

// TestSavePartsHTTP2: the parts are streams of one connection.
func TestSavePartsHTTP2(t *testing.T) {
	t.Parallel()
	f, dir := newPartsServer(t, session.Config{}), t.TempDir()
	f.release = make(chan struct{})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	saved, err := f.s.Save(t.Context(), srv.URL+"/big", session.SaveConfig{
		Path: filepath.Join(dir, "f"), Parallel: 4, Progress: counting(t, 3*mebi, f.release),
	}, session.Insecure())
	if err != nil || saved.Size != int64(len(bigContent)) {
		t.Errorf("got %+v, %v", saved, err)
	}
	if got := f.requests(); got != allFour {
		t.Errorf("asked for %s\nwant %s", got, allFour)
	}
	wantContent(t, filepath.Join(dir, "f"), bigContent)
}

// TestSavePartsChecksum: it is of the whole.
func TestSavePartsChecksum(t *testing.T) {
	t.Parallel()
	f, dir := newPartsServer(t, session.Config{}), t.TempDir()
	f.release = make(chan struct{})
	f.answer[span(third)] = partAnswer(206, 2*mebi, 3*mebi)
	sum := sha256.Sum256([]byte("else"))
	_, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{
		Path: dir, Parallel: 4, Hash: sha256.New, Sum: sum[:], Progress: counting(t, 3*mebi, f.release),
	})
	if _, ok := errors.AsType[*session.ChecksumError](err); !ok {
		t.Errorf("got %v", err)
	}
	if got := files(t, dir); got != "" {
		t.Errorf("files %q", got)
	}
}
