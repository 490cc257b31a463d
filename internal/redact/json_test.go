package redact_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/redact"
)

// TestJSON: what is secret by its name is hidden, however it is written and wherever the
// text ends; all else stays as it is.
func TestJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{`{"name": "it"}`, `{"name": "it"}`},
		{`{"password":"x","name":"it"}`, `{"password":"***","name":"it"}`},
		{"{\n  \"Access_Token\" :\t\"a\\\"b\" ,\n  \"n\": 1 }", "{\n  \"Access_Token\" :\t\"***\" ,\n  \"n\": 1 }"},
		{`{"api_key":12345}`, `{"api_key":"***"}`},
		{`{"api_key":12345 , "n":[1,2]}`, `{"api_key":"***" , "n":[1,2]}`},
		{`{"token":null,"secret":""}`, `{"token":null,"secret":"***"}`},
		{`{"token":{"value":"x]}","of":["a","b"]},"n":1}`, `{"token":"***","n":1}`},
		{`[{"user":{"name":"me","password":["a",{"b":"}"}]}}]`, `[{"user":{"name":"me","password":"***"}}]`},
		{`{"token": "cut of`, `{"token": "***"`},
		{`{"token": "cut \`, `{"token": "***"`},
		{`{"token": {"a": "b`, `{"token": "***"`},
		{`{"token":`, `{"token":`},
		{`{"token"`, `{"token"`},
		{`{"tok`, `{"tok`},
		{`{"name": "token", "is": "token"}`, `{"name": "token", "is": "token"}`},
		{`{"p\u0061ssword": "x"}`, `{"p\u0061ssword": "***"}`},
		{"{\"token\":1}\n{\"token\":2}\n", "{\"token\":\"***\"}\n{\"token\":\"***\"}\n"},
		{`no JSON`, `no JSON`},
		{``, ``},
	} {
		if got := redact.JSON(tt.text); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

// FuzzJSON: of JSON there comes JSON without the value of a secret member, of whatever
// else something that is not longer for long.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"password":"x"}`, `[{"token":{"a":[1,"]"]}},2]`, `{"a":"\"","secret":-1e5}`, `{"token": "cut`, `"`, `{"token":`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := redact.JSON(text)
		if len(got) > 4*len(text)+8 {
			t.Errorf("%q: got %q", text, got)
		}
		if again := redact.JSON(got); again != got {
			t.Errorf("%q: got %q, and %q of that", text, got, again)
		}
		if !json.Valid([]byte(text)) {
			return
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%q: got %q", text, got)
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if hidden := redact.JSON(`{"password":` + string(quoted) + `,"more":` + text + `}`); !strings.HasPrefix(hidden, `{"password":"***","more":`) {
			t.Errorf("%q: got %q", text, hidden)
		}
	})
}
