package form

import (
	"fmt"

	"github.com/aiolos-http/aiolos/internal/redact"
)

// Format writes how many parts there are, and nothing that is in them.
func (f *Form) Format(s fmt.State, verb rune) {
	redact.Struct{Name: "form.Form"}.With("Parts", len(f.parts)).Format(s, verb)
}

// Format writes how many parts there are, and nothing that is in them.
func (m *Multipart) Format(s fmt.State, verb rune) {
	redact.Struct{Name: "form.Multipart"}.With("Parts", len(m.parts)).Format(s, verb)
}
