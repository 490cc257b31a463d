package jar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// text is a string that may hold any bytes. What is not UTF-8 is written as
// Python does it ("surrogateescape", PEP 383): the byte 0xE9 is \udce9.
type text string

// MarshalJSON writes the text.
func (t text) MarshalJSON() ([]byte, error) { return t.appendJSON(nil), nil }

func (t text) appendJSON(b []byte) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(t); {
		c := t[i]
		r, size := utf8.DecodeRuneInString(string(t[i:]))
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case r == utf8.RuneError && size == 1:
			b = append(b, '\\', 'u', 'd', 'c', hex[c>>4], hex[c&15])
		case c < ' ' || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, t[i:i+size]...)
		}
		i += size
	}
	return append(b, '"')
}

// UnmarshalJSON reads what MarshalJSON and Python write.
func (t *text) UnmarshalJSON(data []byte) error {
	if len(data) < 2 || data[0] != '"' {
		return errLayout
	}
	var b strings.Builder
	start := 1
	flush := func(end int) error {
		var s string
		err := json.Unmarshal(append(append([]byte{'"'}, data[start:end]...), '"'), &s)
		b.WriteString(s)
		return err
	}
	for i := 1; i < len(data)-1; i++ {
		if data[i] != '\\' {
			continue
		}
		unit, ok := codeUnit(data[i:])
		switch {
		case !ok:
			i++ // a short escape
		case unit >= 0xdc80 && unit <= 0xdcff:
			if err := flush(i); err != nil {
				return err
			}
			b.WriteByte(byte(unit & 0xff))
			i += 5
			start = i + 1
		default:
			i += 5
			if low, ok := codeUnit(data[i+1:]); ok && utf16.DecodeRune(unit, low) != utf8.RuneError {
				i += 6
			}
		}
	}
	err := flush(len(data) - 1)
	*t = text(b.String())
	return err
}

// codeUnit reads an escape of the form \u1234.
func codeUnit(data []byte) (rune, bool) {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	return rune(n), err == nil
}

// flag is a boolean; Python's may also be a text, of which only the empty one is
// false.
type flag bool

// UnmarshalJSON reads a boolean, a text or null.
func (f *flag) UnmarshalJSON(data []byte) error {
	switch {
	case bytes.Equal(data, []byte("true")):
		*f = true
	case bytes.Equal(data, []byte("false")), bytes.Equal(data, []byte("null")):
		*f = false
	case data[0] == '"':
		*f = len(data) > 2
	default:
		return errLayout
	}
	return nil
}

// number is what Max-Age is in a file: a number, or a text.
type number string

// UnmarshalJSON reads a number or a text.
func (n *number) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		var t text
		err := t.UnmarshalJSON(data)
		*n = number(t)
		return err
	}
	if data[0] != '-' && !isDigit(data[0]) {
		return errLayout
	}
	*n = number(data)
	return nil
}

// timestamp is a time in seconds since 1970, as Python's time.time gives it.
type timestamp struct{ time.Time }

// MarshalJSON writes it to the microsecond, as precise as a float is.
func (t timestamp) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%06d", t.Unix(), t.Nanosecond()/1000), nil
}

// UnmarshalJSON reads a number of seconds. What is beyond the years that dates
// have is cut to them.
func (t *timestamp) UnmarshalJSON(data []byte) error {
	seconds, err := strconv.ParseFloat(string(data), 64)
	if err != nil && !math.IsInf(seconds, 0) {
		return errLayout
	}
	whole, fraction := math.Modf(max(1, min(seconds, 253402300799)))
	t.Time = time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000).UTC()
	return nil
}
