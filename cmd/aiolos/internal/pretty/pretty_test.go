package pretty_test

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/pretty"
)

// write passes a text on in pieces of n bytes.
func write(t *testing.T, kind pretty.Kind, style pretty.Style, text string, n int) string {
	t.Helper()
	var out bytes.Buffer
	w := pretty.NewWriter(&out, kind, style, nil)
	for rest := text; rest != ""; {
		piece := rest[:min(n, len(rest))]
		rest = rest[len(piece):]
		if k, err := w.Write([]byte(piece)); err != nil || k != len(piece) {
			t.Fatalf("wrote %d of %d bytes: %v", k, len(piece), err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// sgr are the sequences of colours.
var sgr = regexp.MustCompile("\x1b\\[[0-9]*m")

// TestIndent: numbers, escapes, order and doubles stay, whatever the pieces are.
func TestIndent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"numbers", `[1.50,-0,1E400,12345678901234567890]`, "[\n  1.50,\n  -0,\n  1E400,\n  12345678901234567890\n]\n"},
		{"order and doubles", `{"z":1,"a":2,"z":3}`, "{\n  \"z\": 1,\n  \"a\": 2,\n  \"z\": 3\n}\n"},
		{"escapes", `{"\u0061\"\\":"\u00e9\ud800\/"}`, "{\n  \"\\u0061\\\"\\\\\": \"\\u00e9\\ud800\\/\"\n}\n"},
		{"brackets in strings", `["[{,:}]"]`, "[\n  \"[{,:}]\"\n]\n"},
		{"empty", ` { "a" : [ ] , "b" : { } } `, "{\n  \"a\": [],\n  \"b\": {}\n}\n"},
		{"nothing", "", ""},
		{"blanks", " \n\t", ""},
		{"words", `[true,false,null]`, "[\n  true,\n  false,\n  null\n]\n"},
		{"one number", `1.50`, "1.50\n"},
		{"lines", "{\"a\":1}\n\n2\n\"x\"\n[]\n", "{\n  \"a\": 1\n}\n2\n\"x\"\n[]\n"},
		{"without blanks between", `{}{}`, "{}\n{}\n"},
		{"cut in a string", `{"a":"hal`, "{\n  \"a\": \"hal"},
		{"cut in a number", `{"a":1.5`, "{\n  \"a\": 1.5"},
		{"cut behind a comma", `[1,`, "[\n  1,"},
		{"no JSON", "<html>\n  <b>x</b>\n", "<html>\n  <b>x</b>\n"},
		{"junk behind", "{}\nOops {\"a\" : 1}\n", "{}\nOops {\"a\" : 1}\n"},
		{"wrong bracket", `[1} "x" : y`, "[\n  1} \"x\" : y"},
		{"comma at the end", `[1,]  z`, "[\n  1,]  z"},
		{"two values", `{"a" 1}`, "{\n  \"a\"1}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{1, 2, 3, 7, 1 << 20} {
				for _, color := range []bool{false, true} {
					got := write(t, pretty.Values, pretty.Style{Indent: true, Color: color}, tt.text, n)
					if plain := sgr.ReplaceAllString(got, ""); plain != tt.want {
						t.Errorf("in pieces of %d, colours %v: got %q, want %q", n, color, plain, tt.want)
					}
				}
			}
		})
	}
}

// TestColors: each token has its colour, the text is the same, and no colour is left
// switched on between two writes.
func TestColors(t *testing.T) {
	t.Parallel()
	const text = ` {"a" : [1, true , "x"]}` + "\n"
	got := write(t, pretty.Values, pretty.Style{Color: true}, text, 100)
	want := " {\x1b[36m\"a\"\x1b[0m : [\x1b[33m1\x1b[0m, \x1b[35mtrue\x1b[0m , \x1b[32m\"x\"\x1b[0m]}\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w := pretty.NewWriter(checkOff{t}, pretty.Values, pretty.Style{Color: true, Indent: true}, nil)
	for _, c := range []byte(`{"name":"value","n":12.5,"t":true}`) {
		if _, err := w.Write([]byte{c}); err != nil {
			t.Fatal(err)
		}
	}
}

// checkOff is a terminal that may be left at any time.
type checkOff struct{ t *testing.T }

func (c checkOff) Write(p []byte) (int, error) {
	if on := strings.LastIndex(string(p), "\x1b["); on >= 0 && !strings.HasPrefix(string(p[on:]), "\x1b[0m") {
		c.t.Errorf("a colour is left on: %q", p)
	}
	return len(p), nil
}

// TestLive: what has come is seen, but for blanks, before more comes.
func TestLive(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind         pretty.Kind
		piece, shown string
	}{
		{pretty.Values, `{"a":1}` + "\n", "{\n  \"a\": 1\n}\n"},
		{pretty.Values, `{"a":"half a str`, "{\n  \"a\": \"half a str"},
		{pretty.Values, `{"a":1}`, "{\n  \"a\": 1\n}\n"},
		{pretty.Events, "data: x\n\n", "data: x\n\n"},
		{pretty.Other, "anything", "anything"},
	} {
		var out bytes.Buffer
		w := pretty.NewWriter(&out, tt.kind, pretty.Style{Indent: true}, nil)
		if _, err := io.WriteString(w, tt.piece); err != nil || out.String() != tt.shown {
			t.Errorf("%q: shown %q, %v, want %q", tt.piece, out.String(), err, tt.shown)
		}
	}
}

// TestSort: the members of one name keep their order.
func TestSort(t *testing.T) {
	t.Parallel()
	style := pretty.Style{Indent: true, Sort: true}
	for _, tt := range []struct{ name, text, want string }{
		{"names", `{"b":1.50,"a":{"z":[{"y":1,"x":2}],"é":0,"e":1}}`, `{"a":{"e":1,"z":[{"x":2,"y":1}],"é":0},"b":1.50}`},
		{"doubles", `{"b":1,"a":2,"b":0}`, `{"a":2,"b":1,"b":0}`},
		{"escaped name", `{"b":1,"\u0061":2}`, `{"\u0061":2,"b":1}`},
		{"lines", "{\"b\":1,\"a\":2}\n{\"d\":1,\"c\":2}\n", "{\"a\":2,\"b\":1}{\"c\":2,\"d\":1}"},
		{"quotes", `{"b":"\"{","a":"}"}`, `{"a":"}","b":"\"{"}`},
		{"cut", `{"b":1,"a":`, `{"b":1,"a":`},
		{"no JSON", `{"b":1,,}x"`, `{"b":1,,}x"`},
		{"blanks", ` { "b" : 1 , "a" : [ 1 , 2 ] } `, `{"a":[1,2],"b":1}`},
	} {
		for _, n := range []int{1, 5, 1 << 20} {
			got := write(t, pretty.Values, style, tt.text, n)
			if got = strings.NewReplacer(" ", "", "\n", "").Replace(got); got != tt.want {
				t.Errorf("%s, in pieces of %d: got %s, want %s", tt.name, n, got, tt.want)
			}
		}
	}
	deep := strings.Repeat(`{"b":1,"a":`, 3000) + "1" + strings.Repeat("}", 3000)
	if got := write(t, pretty.Values, style, deep, 1<<20); !strings.Contains(got, `"b": 1,`) {
		t.Error("what is nested too deep was not left alone")
	}
}

// TestEvents: each line when it is complete, data that is JSON below itself.
func TestEvents(t *testing.T) {
	t.Parallel()
	text := ": hello\nevent: price\ndata: {\"b\":1.50,\"a\":[]}\nid: 7\n\ndata: text: {\n\nretry\ndata:[1"
	for _, tt := range []struct {
		name  string
		style pretty.Style
		want  string
	}{
		{"nothing", pretty.Style{}, text},
		{"indented", pretty.Style{Indent: true}, strings.Replace(text, `{"b":1.50,"a":[]}`, "{\n        \"b\": 1.50,\n        \"a\": []\n      }", 1)},
		{"sorted", pretty.Style{Indent: true, Sort: true}, strings.Replace(text, `{"b":1.50,"a":[]}`, "{\n        \"a\": [],\n        \"b\": 1.50\n      }", 1)},
		{"coloured", pretty.Style{Color: true}, text},
	} {
		for _, n := range []int{1, 4, 1000} {
			got := sgr.ReplaceAllString(write(t, pretty.Events, tt.style, text, n), "")
			if got != tt.want {
				t.Errorf("%s, in pieces of %d: got %q, want %q", tt.name, n, got, tt.want)
			}
		}
	}
	got := write(t, pretty.Events, pretty.Style{Color: true}, "data: 1\n: x\n", 100)
	if want := "\x1b[34mdata\x1b[0m: 1\n\x1b[2m: x\x1b[0m\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	long := "data: " + strings.Repeat("x", 3<<20) + "\ndata: {\"a\":1}\n"
	if got := write(t, pretty.Events, pretty.Style{Indent: true}, long, 1<<16); !strings.HasPrefix(got, long[:3<<20]) || !strings.HasSuffix(got, "\"a\": 1\n      }\n") {
		t.Errorf("a long line: %d bytes", len(got))
	}
}

// TestHostile: a body of brackets does not grow without bound.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("[", 100_000), strings.Repeat("[", 1000) + strings.Repeat("1,", 50_000), strings.Repeat(`{"a":`, 50_000)} {
		for _, sorted := range []bool{false, true} {
			if got := write(t, pretty.Values, pretty.Style{Indent: true, Sort: sorted}, text, 1<<16); len(got) > 80*len(text) {
				t.Errorf("%.10s...: %d bytes became %d", text, len(text), len(got))
			}
		}
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]pretty.Kind{
		"application/json": pretty.Values, "Application/JSON; charset=utf-8": pretty.Values, "application/problem+json": pretty.Values,
		"application/x-ndjson": pretty.Values, "application/jsonl": pretty.Values, "application/json; bad": pretty.Values,
		"text/event-stream": pretty.Events, "text/event-stream;charset=utf-8": pretty.Events,
		"text/plain": pretty.Other, "": pretty.Other, "text/html": pretty.Other, "application/octet-stream": pretty.Other, "application/json-seq": pretty.Other,
	} {
		if got := pretty.KindOf(contentType); got != want {
			t.Errorf("%q: got %d, want %d", contentType, got, want)
		}
	}
}

// FuzzJSON: JSON that is valid is the same JSON afterwards, token for token, and what is
// none loses nothing but blanks.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1.50,"x\u00e9",null]}`, "[1,2", `{"a":1,"a":2}`, "1\n2\n", "<html>", `["\"`, "\xef\xbb\xbf[]", `{"a" 1}`, "[1e5}", "{]"} {
		f.Add([]byte(seed), 3)
	}
	blanks := strings.NewReplacer(" ", "", "\n", "", "\t", "", "\r", "")
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		n = max(1, n)
		text := strings.TrimPrefix(string(data), "\ufeff")
		got := write(t, pretty.Values, pretty.Style{Indent: true}, text, n)
		if blanks.Replace(got) != blanks.Replace(text) {
			t.Errorf("%q became %q", text, got)
		}
		if colored := sgr.ReplaceAllString(write(t, pretty.Values, pretty.Style{Color: true}, sgr.ReplaceAllString(text, ""), n), ""); colored != sgr.ReplaceAllString(text, "") {
			t.Errorf("%q in colours became %q", text, colored)
		}
		if json.Valid(data) {
			var before, after bytes.Buffer
			if err := json.Compact(&before, data); err != nil {
				t.Fatal(err)
			}
			if err := json.Compact(&after, []byte(got)); err != nil || before.String() != after.String() {
				t.Errorf("%q became %q, %v", data, got, err)
			}
			sorted := write(t, pretty.Values, pretty.Style{Indent: true, Sort: true}, text, n)
			if !json.Valid([]byte(sorted)) || !sameValue(t, data, []byte(sorted)) {
				t.Errorf("%q sorted became %q", data, sorted)
			}
		}
	})
}

// sameValue reports whether two texts mean the same.
func sameValue(t *testing.T, a, b []byte) bool {
	t.Helper()
	var texts [2]string
	for i, data := range [][]byte{a, b} {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(out)
	}
	return texts[0] == texts[1]
}

// FuzzEvents: nothing is lost of what comes, and nothing is added but blanks and colours.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{"data: {\"a\":1}\n\n", ": x\r\ndata:[]\n", "data: {", "event\n:\n\n", "data: \x1b[0m\n"} {
		f.Add([]byte(seed), 3)
	}
	blanks := strings.NewReplacer(" ", "", "\n", "", "\t", "", "\r", "")
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		text := sgr.ReplaceAllString(string(data), "")
		got := write(t, pretty.Events, pretty.Style{Indent: true, Color: true}, text, max(1, n))
		if plain := blanks.Replace(sgr.ReplaceAllString(got, "")); plain != blanks.Replace(text) && sgr.ReplaceAllString(text, "") == text {
			t.Errorf("%q became %q", text, got)
		}
	})
}
