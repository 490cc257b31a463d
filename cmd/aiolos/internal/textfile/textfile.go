// Package textfile reads files of text as people's editors and shells write them: with
// a byte order mark, and on Windows in UTF-16.
package textfile

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// UTF8 returns data without its byte order mark, and in UTF-8 if the mark is one of
// UTF-16. Data without a mark is returned as it is.
func UTF8(data []byte) []byte {
	text, _, err := transform.Bytes(unicode.BOMOverride(encoding.Nop.NewDecoder()), data)
	if err != nil {
		return data // no decoder fails: what is invalid becomes U+FFFD
	}
	return text
}

// EachLine calls do with the number and the text of the lines of a file, without the
// blanks around them. Empty lines and those that begin with # are left out. An error of
// do ends it, and is returned as it is.
func EachLine(name string, data []byte, do func(n int, text string) error) error {
	lines := bufio.NewScanner(bytes.NewReader(UTF8(data)))
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		if err := do(n, text); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
