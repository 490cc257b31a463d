package form_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/form"
)

func TestBoundary(t *testing.T) {
	t.Parallel()
	tests := []struct{ boundary, param string }{
		{"x", "x"},
		{"----WebKitFormBoundary7MA4YWxkTrZu0gW", "----WebKitFormBoundary7MA4YWxkTrZu0gW"},
		{"a'+_-.b", "a'+_-.b"},
		{"gc0pJq0M:08jU534c0p", `"gc0pJq0M:08jU534c0p"`},
		{"a b", `"a b"`},
		{"a(b),c/d=e?f", `"a(b),c/d=e?f"`},
		{strings.Repeat("a", 70), strings.Repeat("a", 70)},
	}
	for _, tt := range tests {
		t.Run(tt.boundary, func(t *testing.T) {
			t.Parallel()
			for subtype, s := range map[string]source{
				"form-data": form.New().Boundary(tt.boundary).Bytes("a", []byte("1")),
				"mixed":     form.NewMultipart("").Boundary(tt.boundary).Bytes([]byte("1")),
			} {
				if got, want := contentType(t, s), "multipart/"+subtype+"; boundary="+tt.param; got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				if got := arrived(t, s); len(got) != 1 || got[0].value != "1" {
					t.Errorf("%s: %q", subtype, got)
				}
			}
		})
	}
}

func TestBoundaryRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ boundary, reason string }{
		{"", "empty"},
		{strings.Repeat("a", 71), "longer than 70"},
		{"a ", "ends with a space"},
		{"a\r\nb", "does not allow"},
		{`a"b`, "does not allow"},
		{"a;b", "does not allow"},
		{"a\tb", "does not allow"},
		{"é", "does not allow"},
	}
	for _, tt := range tests {
		t.Run(tt.boundary, func(t *testing.T) {
			t.Parallel()
			refused(t, form.New().Boundary(tt.boundary).Bytes("a", nil), tt.reason)
			refused(t, form.NewMultipart("").Boundary(tt.boundary), "invalid boundary: ")
			refused(t, form.NewMultipart("").Multipart(form.NewMultipart("").Boundary(tt.boundary)), "invalid boundary: ")
		})
	}
}

func TestBoundaryIsRandom(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		ct := contentType(t, form.New().Multipart())
		if len(ct) < len("multipart/form-data; boundary=")+26 || strings.Contains(ct, `"`) {
			t.Fatalf("a boundary that is short or quoted: %q", ct)
		}
		seen[ct] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d boundaries of 100 forms", len(seen))
	}
}

func TestNestedBoundaries(t *testing.T) {
	t.Parallel()
	outer := func() *form.Multipart { return form.NewMultipart("").Boundary("out") }
	inner := func(b string) *form.Multipart { return form.NewMultipart("").Boundary(b).Text("x") }
	const clash = "that of a nested body begins with it"
	refused(t, outer().Multipart(inner("out")), clash)
	refused(t, outer().Multipart(inner("outer")), clash)
	refused(t, outer().Multipart(inner("in").Multipart(inner("outer"))), clash)
	refused(t, outer().Form(form.New().Boundary("outer").Multipart()), clash)
	refused(t, outer().Multipart(inner("in").Form(form.New().Boundary("outer").Multipart())), clash)
	send(t, outer().Multipart(inner("ou")))
	send(t, outer().Form(form.New().Boundary("out").Field("a", "1"))) // it is url-encoded
}
