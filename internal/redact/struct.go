// Package redact writes the structs of the library for people, logs and JSON without
// the secrets in them. A type that can hold one has
//
//	func (c Config) Format(f fmt.State, verb rune) { redact.Of(c).Format(f, verb) }
//	func (c Config) MarshalJSON() ([]byte, error)  { return redact.Of(c).MarshalJSON() }
//
// fmt asks Format whatever the verb, and slog's handler for text asks fmt, and that for
// JSON encoding/json. A LogValue would add nothing but trouble with nil pointers.
package redact

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Hidden stands for a secret.
const Hidden = "***"

// Struct is the fields of a struct that are set, without secrets.
type Struct struct {
	Name   string // with its package
	Fields []Field
}

// Field is one of them. Its value is a string, a bool, a number, a [Text], a Struct,
// or a []any of these.
type Field struct {
	Name  string
	Value any
}

// Text is a word that is not quoted, such as a duration.
type Text string

// Named is the struct by another name.
func (s Struct) Named(name string) Struct {
	s.Name = name
	return s
}

// With adds a field, unless its value is empty.
func (s Struct) With(name string, value any) Struct {
	switch v := value.(type) {
	case string:
		if v == "" {
			return s
		}
	case bool:
		if !v {
			return s
		}
	}
	s.Fields = append(s.Fields, Field{name, value})
	return s
}

// String writes the struct much as Go does.
func (s Struct) String() string {
	var b strings.Builder
	s.writeTo(&b)
	return b.String()
}

func (s Struct) writeTo(b *strings.Builder) {
	b.WriteString(s.Name + "{")
	for i, f := range s.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		if f.Name != "" {
			b.WriteString(f.Name + ": ")
		}
		writeValue(b, f.Value)
	}
	b.WriteByte('}')
}

func writeValue(b *strings.Builder, v any) {
	switch v := v.(type) {
	case Struct:
		v.writeTo(b)
	case string:
		b.WriteString(strconv.Quote(v))
	case []any:
		b.WriteByte('[')
		for i, element := range v {
			if i > 0 {
				b.WriteByte(' ')
			}
			writeValue(b, element)
		}
		b.WriteByte(']')
	default:
		fmt.Fprint(b, v)
	}
}

// Format writes String, quoted for %q, whatever the flags.
func (s Struct) Format(f fmt.State, verb rune) {
	text := s.String()
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	fmt.Fprint(f, text)
}

// MarshalJSON writes an object of the fields, in their order.
func (s Struct) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, f := range s.Fields {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(f.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.Value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}
