package session_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/session"
)

// plantGaps leaves an unfinished file of which the spans are there; what lies between
// is zero.
func plantGaps(t *testing.T, f *partsServer, dir string, length int, have ...[2]int) {
	t.Helper()
	part := make([]byte, length)
	var spans []string
	for _, s := range have {
		copy(part[min(s[0], length):min(s[1], length)], bigContent[s[0]:])
		spans = append(spans, fmt.Sprintf("[%d,%d]", s[0], s[1]))
	}
	meta := fmt.Sprintf(`{"url":"%s/big","etag":"\"v1\"","length":%d,"have":[%s]}`, f.URL, len(bigContent), strings.Join(spans, ","))
	for name, data := range map[string][]byte{"f.part": part, "f.part.json": []byte(meta)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSaveGaps: of a file with gaps only these are asked for, one after the other or
// several at a time, and large ones divided.
func TestSaveGaps(t *testing.T) {
	t.Parallel()
	const v1 = ` "v1"`
	for name, tt := range map[string]struct {
		have     [][2]int
		length   int // of the part
		parallel int
		resumed  int64
		asked    string
	}{
		"one gap": {[][2]int{{0, 1000}, {mebi, 4 * mebi}}, 4 * mebi, 1, 3*mebi + 1000, "bytes=1000-1048575" + v1},
		"three gaps": {
			[][2]int{{0, 1000}, {2000, 3000}, {4000, 5000}},
			5000, 1, 3000,
			"bytes=1000-1999" + v1 + "|bytes=3000-3999" + v1 + "|bytes=5000-" + v1,
		},
		"small gaps at a time": {
			[][2]int{{0, mebi - 500}, {mebi, 2*mebi - 500}, {2 * mebi, 3*mebi - 500}, {3 * mebi, 4*mebi - 500}},
			4 * mebi, 4, 4*mebi - 2000,
			"bytes=1048076-1048575" + v1 + "|bytes=2096652-2097151" + v1 + "|bytes=3145228-3145727" + v1 + "|bytes=4193804-" + v1,
		},
		"a large gap is divided": {
			[][2]int{{0, 1000}, {2000, mebi}},
			mebi, 3, mebi - 1000,
			"bytes=1000-1999" + v1 + "|bytes=1048576-2621439" + v1 + "|bytes=2621440-4194303" + v1,
		},
		"the disk has cut the last":  {[][2]int{{0, 1000}, {2 * mebi, 4 * mebi}}, 3 * mebi, 1, mebi + 1000, "bytes=1000-2097151" + v1 + "|bytes=3145728-" + v1},
		"the disk has cut the first": {[][2]int{{0, 1000}, {mebi, 2 * mebi}}, 500, 1, 500, "bytes=500-" + v1},
		"nothing at the start":       {[][2]int{{0, 0}, {mebi, 2 * mebi}}, 2 * mebi, 1, 0, ""},
	} {
		for _, way := range []string{"session", "response"} {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				f, dir := newPartsServer(t, session.Config{}), t.TempDir()
				plantGaps(t, f, dir, tt.length, tt.have...)
				saved, err := saveBig(t, f, way, session.SaveConfig{Path: filepath.Join(dir, "f"), Parallel: tt.parallel})
				if err != nil || saved.Resumed != tt.resumed || saved.Size != int64(len(bigContent)) {
					t.Errorf("got %+v, %v, want %d resumed", saved, err, tt.resumed)
				}
				if got := strings.TrimPrefix(f.requests(), "|"); got != tt.asked {
					t.Errorf("asked for %s\nwant %s", got, tt.asked)
				}
				wantContent(t, filepath.Join(dir, "f"), bigContent)
				if got := files(t, dir); got != "f" {
					t.Errorf("files %q", got)
				}
			})
		}
	}
}

// TestSaveGapsOtherAnswers: a server that has another version, gives more than the gap,
// or does not know ranges.
func TestSaveGapsOtherAnswers(t *testing.T) {
	t.Parallel()
	another := []byte("another version")
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   []byte
	}{
		"another version": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Etag", `"v2"`)
			w.Write(another)
		}, another},
		"more than the gap":  {partAnswer(206, 1000, len(bigContent)), bigContent},
		"less than the gap":  {partAnswer(206, 1000, 1500), bigContent},
		"all of it":          {partAnswer(200, 0, len(bigContent), "Content-Range", ""), bigContent},
		"of another version": {partAnswer(206, 1000, mebi, "Etag", `"v2"`), bigContent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir := newPartsServer(t, session.Config{}), t.TempDir()
			plantGaps(t, f, dir, 3*mebi, [2]int{0, 1000}, [2]int{mebi, 3 * mebi})
			f.answer["bytes=1000-1048575"] = tt.answer
			saved, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{Path: filepath.Join(dir, "f")})
			if err != nil || saved.Size != int64(len(tt.want)) {
				t.Errorf("got %+v, %v", saved, err)
			}
			wantContent(t, filepath.Join(dir, "f"), tt.want)
		})
	}
}

// TestSaveGapsCut: a transfer that breaks off in a gap keeps what it brought, and what
// was there behind it.
func TestSaveGapsCut(t *testing.T) {
	t.Parallel()
	f, dir := newPartsServer(t, session.Config{}), t.TempDir()
	plantGaps(t, f, dir, 3*mebi, [2]int{0, 1000}, [2]int{mebi, 3 * mebi})
	f.answer["bytes=1000-1048575"] = cutPart(1000, mebi, 500, closed())
	cfg := session.SaveConfig{Path: filepath.Join(dir, "f")}
	saved, err := f.s.Save(t.Context(), f.URL+"/big", cfg)
	if err == nil || !saved.Unfinished || saved.Size != 2*mebi+1500 {
		t.Errorf("got %+v, %v", saved, err)
	}
	f.requests()
	saved, err = f.s.Save(t.Context(), f.URL+"/big", cfg)
	if err != nil || saved.Resumed != 2*mebi+1500 {
		t.Errorf("then %+v, %v", saved, err)
	}
	if got, want := f.requests(), `bytes=1500-1048575 "v1"|bytes=`+strconv.Itoa(3*mebi)+`- "v1"`; got != want {
		t.Errorf("then asked for %s, want %s", got, want)
	}
	wantContent(t, filepath.Join(dir, "f"), bigContent)
}

// TestSaveAnyURL: an unfinished file of another URL is gone on with by its name, if that
// is asked for and the version is the same.
func TestSaveAnyURL(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		any  bool
		tag  string
		path string
		want string // requests
		file string
	}{
		"not asked for":   {false, `"v1"`, "f", "", "f-1"},
		"by name":         {true, `"v1"`, "f", `bytes=1000- "v1"`, "f"},
		"another version": {true, `"v0"`, "f", `bytes=1000- "v0"`, "f"},
		"no name":         {true, `"v1"`, "", "", "f-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dir := newPartsServer(t, session.Config{}), t.TempDir()
			meta := `{"url":"` + f.URL + `/f?sig=1","etag":"` + strings.ReplaceAll(tt.tag, `"`, `\"`) + `","length":-1}`
			for name, data := range map[string][]byte{"f.part": bigContent[:1000], "f.part.json": []byte(meta)} {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			saved, err := f.s.Save(t.Context(), f.URL+"/f?sig=2", session.SaveConfig{
				Path: dir + "/" + tt.path, IfExists: session.ExistsNumber, ResumeAnyURL: tt.any,
			})
			if err != nil || filepath.Base(saved.Path) != tt.file {
				t.Errorf("got %+v, %v, want %s", saved, err, tt.file)
			}
			if got := f.requests(); got != tt.want {
				t.Errorf("asked for %s, want %s", got, tt.want)
			}
			wantContent(t, filepath.Join(dir, tt.file), bigContent)
		})
	}
}
