package download_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"

	aioerrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
)

// sumOf is a checksum of the test server's file.
func sumOf(t *testing.T, text string) download.Sum {
	t.Helper()
	sum, err := download.ParseSum(text)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestParseSum(t *testing.T) {
	t.Parallel()
	s256, s512, s1, m5 := sha256.Sum256(content()), sha512.Sum512(content()), sha1.Sum(content()), md5.Sum(content())
	for name, digest := range map[string][]byte{"sha256": s256[:], "sha512": s512[:], "sha1": s1[:], "md5": m5[:]} {
		digits := hex.EncodeToString(digest)
		for _, text := range []string{
			name + ":" + digits, digits, strings.ToUpper(name + ":" + digits), " " + digits + "\n", strings.Replace(name, "sha", "SHA-", 1) + ":" + digits,
		} {
			sum, err := download.ParseSum(text)
			if err != nil || sum.String() != name+":"+digits || sum.IsZero() {
				t.Errorf("%q: got %v, %v", text, sum, err)
			}
		}
	}
	for _, text := range []string{"", ":", "sha256:", "sha256:00", "md5:" + hex.EncodeToString(s256[:]), "sha3:" + hex.EncodeToString(s256[:]), "zz", "00"} {
		if sum, err := download.ParseSum(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, sum)
		}
	}
}

func TestReadSums(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("ab", 32), strings.Repeat("0", 32)
	sums, err := download.ReadSums(strings.NewReader("# list\n\n" + a + "  a b.txt\r\n" + b + " *dir/c\nSHA256 (d (1).txt) = " + a + "\n"))
	if err != nil || len(sums) != 3 || sums["a b.txt"].String() != "sha256:"+a || sums["c"].String() != "md5:"+b || sums["d (1).txt"].IsZero() {
		t.Errorf("got %v, %v", sums, err)
	}
	for _, text := range []string{a, a + " ", a + "  ", a + " x", "x  y", `\` + a + `  a\nb`, "SHA1 (x) = " + a} {
		if sums, err := download.ReadSums(strings.NewReader("# one\n" + text)); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: got %v, %v, want an error of line 2", text, sums, err)
		}
	}
}

func FuzzReadSums(f *testing.F) {
	for _, seed := range []string{"", strings.Repeat("ab", 32) + "  a", "MD5 (a) = " + strings.Repeat("0", 32), "# x", `\x  y`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sums, err := download.ReadSums(strings.NewReader(text))
		if err != nil {
			return
		}
		for name, sum := range sums {
			if again, err := download.ParseSum(sum.String()); err != nil || again.String() != sum.String() || strings.Contains(name, "/") && name != "/" {
				t.Errorf("%q has %v, %v", name, sum, err)
			}
		}
	})
}

// fetchSum is fetch with checksums.
func fetchSum(t *testing.T, s *server, dir string, sums download.Sums, job download.Job) download.Result {
	t.Helper()
	d, err := download.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	f := &download.Fetcher{Client: s.sess, Dir: d, Conflict: download.Rename, Progress: &quiet{}, Sums: sums}
	return f.Fetch(t.Context(), job)
}

func TestChecksum(t *testing.T) {
	t.Parallel()
	right := sha256.Sum256(content())
	good, bad := sumOf(t, hex.EncodeToString(right[:])), sumOf(t, strings.Repeat("0", 64))
	for _, tt := range []struct {
		name  string
		sum   download.Sum
		sums  download.Sums
		files string
		text  string // of the error
	}{
		{"right", good, nil, "file", ""},
		{"wrong", bad, nil, "", "the checksum is sha256:"},
		{"list", download.Sum{}, download.Sums{"file": good, "x": bad}, "file", ""},
		{"list, wrong", download.Sum{}, download.Sums{"file": bad}, "", "the checksum is"},
		{"list without it", download.Sum{}, download.Sums{"other": good}, "", "no checksum for file"},
		{"empty list", download.Sum{}, download.Sums{}, "", "no checksum for file"},
		{"own before list", good, download.Sums{"file": bad}, "file", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, dir := newServer(t), t.TempDir()
			// Also of a file that comes in two parts.
			s.cutAt = 1000
			job := download.Job{URL: s.URL + "/file", Index: 1, Sum: tt.sum}
			fetchSum(t, s, dir, tt.sums, job)
			r := fetchSum(t, s, dir, tt.sums, job)
			if got := files(t, dir); got != tt.files {
				t.Errorf("files %q, want %q", got, tt.files)
			}
			if tt.text == "" {
				if r.Err != nil || r.Had != 1000 {
					t.Errorf("got %+v", r)
				}
				return
			}
			if r.Err == nil || !strings.Contains(r.Err.Error(), tt.text) || r.Kept {
				t.Errorf("got %+v, want an error with %q", r, tt.text)
			}
			wrong := strings.Contains(tt.text, "is")
			if _, ok := errors.AsType[*download.ChecksumError](r.Err); ok != wrong || errors.Is(r.Err, aioerrors.ErrClientPayload) != wrong {
				t.Errorf("got %#v", r.Err)
			}
			if code := download.ExitCode(r.Err); wrong && code != exitcode.Incomplete {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestChecksumRenamed: the name that counts is the one that the file should have.
func TestChecksumRenamed(t *testing.T) {
	t.Parallel()
	right := sha256.Sum256(content())
	s, dir := newServer(t), t.TempDir()
	s.header = http.Header{"Content-Disposition": {`attachment; filename="a.txt"`}}
	sums := download.Sums{"a.txt": sumOf(t, hex.EncodeToString(right[:]))}
	for _, want := range []string{"a.txt", "a-1.txt"} {
		if r := fetchSum(t, s, dir, sums, download.Job{URL: s.URL + "/x", Index: 1}); r.Err != nil || r.Name != want {
			t.Errorf("got %+v, want the name %s", r, want)
		}
	}
}
