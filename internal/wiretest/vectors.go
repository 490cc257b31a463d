package wiretest

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// Vector is what somebody sends, and what it is to be taken for.
type Vector struct {
	In     []string // the values of the field, one a line
	Want   string   // as the test of the parser writes it
	Source string   // who sends it, or the section that has it
	Line   int      // in the file, of the source
}

// ReadVectors reads the vectors of a parser from a file:
//
//	# a comment
//	< attachment; filename=a b.txt       a value, as it is; several are several lines
//	<"attachment\t"                      a value as a string of Go
//	> attachment, "a b.txt"              what it is taken for
//	@ RFC 6266 5                         the source, which ends the vector
//
// A file with fewer than 20 fails the test: it is not the one that was meant.
func ReadVectors(t *testing.T, file string) []Vector {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []Vector
	var v Vector
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		mark, text, _ := strings.Cut(line, " ")
		switch {
		case line == "" || mark[0] == '#':
		case mark == "<":
			v.In = append(v.In, text)
		case strings.HasPrefix(line, `<"`):
			value, err := strconv.Unquote(line[1:])
			if err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
			v.In = append(v.In, value)
		case mark == ">":
			v.Want = text
		case mark == "@" && len(v.In) > 0 && text != "":
			v.Source, v.Line = text, i+1
			all, v = append(all, v), Vector{}
		default:
			t.Fatalf("%s:%d: not a line of a vector: %q", file, i+1, line)
		}
	}
	if len(all) < 20 || len(v.In) > 0 {
		t.Fatalf("%s: %d vectors, and %q left over; want 20 at least and nothing", file, len(all), v.In)
	}
	return all
}
