package download_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

func TestName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, disposition, url, want string }{
		{"header", `attachment; filename="a.txt"`, "http://h/b", "a.txt"},
		{"inline counts", `inline; filename=a.txt`, "http://h/b", "a.txt"},
		{"extended name", `attachment; filename="x"; filename*=UTF-8''%e2%82%ac%20rates.txt`, "http://h/b", "€ rates.txt"},
		{"traversal", `attachment; filename="../../etc/passwd"`, "http://h/b", "passwd"},
		{"traversal, encoded", `attachment; filename*=UTF-8''..%2f..%2fx`, "http://h/b", "x"},
		{"absolute", `attachment; filename="/etc/cron.d/x"`, "http://h/b", "x"},
		{"backslashes", `attachment; filename*=UTF-8''C%3A%5Cboot.ini`, "http://h/b", "boot.ini"},
		{"hidden", `attachment; filename=".bashrc"`, "http://h/b", "bashrc"},
		{"option", `attachment; filename="-rf"`, "http://h/b", "_rf"},
		{"option, encoded", `attachment; filename*=UTF-8''..%2f-rf`, "http://h/b", "_rf"},
		{"option in the path", "", "http://h/-rf", "_rf"},
		{"standard output", "", "http://h/-", "_"},
		{"dots only", `attachment; filename=".."`, "http://h/b", "b"},
		{"control characters", "attachment; filename*=UTF-8''a%0a%1b%5b31m%e2%80%aeb", "http://h/b", "a[31mb"},
		{"not UTF-8", "attachment; filename*=UTF-8''a%ffb", "http://h/b", "b"},
		{"windows characters", `attachment; filename="a<b>:c?.txt"`, "http://h/b", "a_b__c_.txt"},
		{"stream of NTFS", `attachment; filename="a.txt:evil"`, "http://h/b", "a.txt_evil"},
		{"device", `attachment; filename="CON.txt"`, "http://h/b", "_CON.txt"},
		{"numbered device", `attachment; filename="com1"`, "http://h/b", "_com1"},
		{"no device", `attachment; filename="common.txt"`, "http://h/b", "common.txt"},
		{"trailing dot", `attachment; filename="a.txt. "`, "http://h/b", "a.txt"},
		{"our own part", `attachment; filename="a.iso.part"`, "http://h/b", "a.iso.part_"},
		{"our own description", `attachment; filename="a.iso.PART.json"`, "http://h/b", "a.iso.PART.json_"},
		{"broken header", `attachment; filename="`, "http://h/b.txt", "b.txt"},
		{"continuations", `attachment; filename*0="a"; filename*1="b.txt"`, "http://h/b", "ab.txt"},
		{"latin-1 and UTF-8 names", `attachment; filename*=iso-8859-1''caf%e9.txt`, "http://h/b", "café.txt"},
		{"a parameter twice", `attachment; filename="a.txt"; filename="b.txt"`, "http://h/c.txt", "c.txt"},
		{"no name in the header", `attachment`, "http://h/b.txt", "b.txt"},
		{"path", "", "http://h/dir/b.txt?x=/y", "b.txt"},
		{"directory", "", "http://h/dir/", "dir"},
		{"encoded path", "", "http://h/a%20b.txt", "a b.txt"},
		{"encoded slash", "", "http://h/x%2f..%2f..%2fy", "y"},
		{"path of dots", "", "http://h/..", "download-3"},
		{"nothing", "", "http://h/", "download-3"},
		{"no path", "", "http://h", "download-3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			if got := download.Name(tt.disposition, u, 3); got != tt.want {
				t.Errorf("Name(%q, %q) = %q, want %q", tt.disposition, tt.url, got, tt.want)
			}
		})
	}
}

// TestNamesOfLists: a URL as it stands in a list has the name that its download has.
func TestNamesOfLists(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"http://h/100%": "100%", "http://h/a%2": "a%2", "http://h/ä b?x=%": "ä b", "http://h%/a": "download-7", "http://h/": "download-7",
	} {
		if got := download.NameOfURL(raw, 7); got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
}

// TestNameAsLibrary: the header is read as the library reads it.
func TestNameAsLibrary(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"attachment; filename=my 1st image.jpg":                    "my 1st image.jpg",
		"attachment; filename=a.txt;foo":                           "a.txt",
		"attachment; filename*=iso-8859-1'en'%A3%20rates.txt":      "£ rates.txt",
		"attachment; filename*=''x":                                "u",
		`attachment; filename="/etc/passwd"`:                       "passwd",
		"attachment; filename*=UTF-8''%2Fetc%2Fpasswd":             "passwd",
		"attachment; filename=x; modification-date=Wed, 12 Feb 97": "x",
	} {
		if got := download.Name(header, &url.URL{Path: "/u"}, 1); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
}

func TestNameLength(t *testing.T) {
	t.Parallel()
	for _, ext := range []string{".iso", ".tar.gz", "." + strings.Repeat("x", 300), ""} {
		u := &url.URL{Path: "/" + strings.Repeat("é", 300) + ext}
		got := download.Name("", u, 1)
		if len(got) > 200 || !utf8.ValidString(got) || len(ext) < 10 && !strings.HasSuffix(got, ext) {
			t.Errorf("extension %.10q: a name of %d bytes: %q", ext, len(got), got)
		}
	}
}

// FuzzName checks that a name is one harmless element of a path, whatever a
// server sends.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"a.txt", "../x", `..\x`, "/etc/passwd", ".x", "nul", "a\x00b", "a.part.json", "\u202egpj.exe", "C:x", "~/x", "-rf"} {
		f.Add(`attachment; filename="`+seed+`"`, "http://h/"+seed)
		f.Add("attachment; filename*=UTF-8''"+url.QueryEscape(seed), "http://h/")
	}
	f.Fuzz(func(t *testing.T, disposition, raw string) {
		u, err := url.Parse(raw)
		if err != nil {
			u = nil
		}
		name := download.Name(disposition, u, 1)
		low := strings.ToLower(name)
		switch {
		case !filepath.IsLocal(name), filepath.Base(name) != name, strings.ContainsAny(name, `/\:`):
			t.Errorf("%q is not one element of a path", name)
		case name == "" || name[0] == '.' || name[0] == '-' || len(name) > 210 || !utf8.ValidString(name):
			t.Errorf("%q is no name to keep", name)
		case strings.HasSuffix(low, ".part") || strings.HasSuffix(low, ".part.json"):
			t.Errorf("%q looks like an unfinished file", name)
		case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
			t.Errorf("%q has control characters", name)
		}
	})
}
