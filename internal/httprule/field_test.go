package httprule_test

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// headers are ways to hand in a header.
var headers = []struct {
	name   string
	header http.Header
	want   []string // the values of X-A
	named  bool
}{
	{"nil", nil, nil, false},
	{"another", http.Header{"X-B": {"1"}, "X-Ab": {"2"}, "X-": {"3"}}, nil, false},
	{"canonical", http.Header{"X-A": {"1", "2"}, "X-B": {"3"}}, []string{"1", "2"}, true},
	{"lower case", http.Header{"x-a": {"1", "2"}}, []string{"1", "2"}, true},
	{"upper case", http.Header{"X-B": {"3"}, "X-a": {"1"}}, []string{"1"}, true},
	{"two spellings", http.Header{"x-a": {"2"}, "X-A": {"1"}}, []string{"1", "2"}, true},
	{"three spellings", http.Header{"x-a": {"3"}, "x-A": {"2"}, "X-a": {"1"}}, []string{"1", "2", "3"}, true},
	{"no value", http.Header{"X-A": nil}, nil, true},
	{"no value in lower case", http.Header{"x-a": {}}, nil, true},
	{"a value in one of two", http.Header{"X-A": {}, "x-a": {"1"}}, []string{"1"}, true},
}

func TestField(t *testing.T) {
	t.Parallel()
	for _, tt := range headers {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := tt.header.Clone()
			got := httprule.FieldValues(tt.header, "X-A")
			if len(got) != len(tt.want) || len(got) > 0 && !reflect.DeepEqual(got, tt.want) {
				t.Errorf("FieldValues: got %q, want %q", got, tt.want)
			}
			if got, want := httprule.HasField(tt.header, "X-A"), len(tt.want) > 0; got != want {
				t.Errorf("HasField: got %v, want %v", got, want)
			}
			if got := httprule.NamesField(tt.header, "X-A"); got != tt.named {
				t.Errorf("NamesField: got %v, want %v", got, tt.named)
			}
			want := ""
			if len(tt.want) > 0 {
				want = tt.want[0]
			}
			if got := httprule.FieldValue(tt.header, "X-A"); got != want {
				t.Errorf("FieldValue: got %q, want %q", got, want)
			}
			if left := httprule.DeleteField(tt.header, "X-A"); httprule.NamesField(left, "X-A") || len(left["X-B"]) != len(before["X-B"]) {
				t.Errorf("DeleteField: got %v", left)
			}
			if !reflect.DeepEqual(tt.header, before) {
				t.Errorf("the header was changed: got %v, want %v", tt.header, before)
			}
			set := tt.header.Clone()
			if set == nil {
				set = http.Header{}
			}
			httprule.SetField(set, "X-A", "new")
			if got := httprule.FieldValues(set, "X-A"); len(got) != 1 || set["X-A"] == nil || got[0] != "new" {
				t.Errorf("SetField: got %v", set)
			}
		})
	}
}

func TestDeleteFieldGivesBackWhatLacksIt(t *testing.T) {
	t.Parallel()
	h := http.Header{"X-B": {"1"}}
	httprule.DeleteField(h, "X-A")["X-C"] = []string{"2"}
	if h["X-C"] == nil {
		t.Error("got a copy, want the header itself")
	}
}

func TestHasToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		header http.Header
		want   bool
	}{
		{"none", nil, false},
		{"alone", http.Header{"Connection": {"close"}}, true},
		{"upper case", http.Header{"Connection": {"CLOSE"}}, true},
		{"name in lower case", http.Header{"connection": {"close"}}, true},
		{"in a list", http.Header{"Connection": {"keep-alive ,\tclose , x"}}, true},
		{"in the second line", http.Header{"Connection": {"keep-alive", "close"}}, true},
		{"in the second spelling", http.Header{"Connection": {"keep-alive"}, "connection": {"close"}}, true},
		{"part of another", http.Header{"Connection": {"closed, notclose"}}, false},
		{"with a parameter", http.Header{"Connection": {"close;a=b"}}, false},
		{"empty elements", http.Header{"Connection": {", ,"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := httprule.HasToken(tt.header, "Connection", "close"); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	usual := http.Header{"X-A": {"1"}, "not a name": {"2"}}
	httprule.Canonical(usual)["X-B"] = nil
	if _, ok := usual["X-B"]; !ok {
		t.Error("a canonical header: got a copy, want the header itself")
	}
	odd := http.Header{"x-a": {"2"}, "X-A": {"1"}, "etag": {"3"}, "X-B": {"4"}}
	want := http.Header{"X-A": {"1", "2"}, "Etag": {"3"}, "X-B": {"4"}}
	if got := httprule.Canonical(odd); !reflect.DeepEqual(got, want) || len(odd) != 4 {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := httprule.Canonical(nil); got != nil {
		t.Errorf("got %v, want nil", got)
	}
}

func TestFieldAllocs(t *testing.T) {
	h := http.Header{"Accept": {"a"}, "authorization": {"b"}, "User-Agent": {"c"}, "X-A": {"d"}}
	got := testing.AllocsPerRun(100, func() {
		if len(httprule.FieldValues(h, "Authorization")) != 1 || !httprule.HasField(h, "X-A") || httprule.HasToken(h, "Accept", "b") {
			t.Error("not found")
		}
		httprule.DeleteField(h, "Range")
	})
	if got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}

func BenchmarkField(b *testing.B) {
	h := http.Header{"Accept": {"*/*"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"x"}, "Authorization": {"y"}}
	b.Run("values", func(b *testing.B) {
		for b.Loop() {
			httprule.FieldValues(h, "Authorization")
		}
	})
	b.Run("absent", func(b *testing.B) {
		for b.Loop() {
			httprule.HasField(h, "Idempotency-Key")
		}
	})
	b.Run("canonical", func(b *testing.B) {
		for b.Loop() {
			httprule.Canonical(h)
		}
	})
}
