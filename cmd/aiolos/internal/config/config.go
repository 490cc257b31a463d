// Package config reads files of flags: one flag a line, as it is written on a command
// line, and # in front of remarks. There is no second vocabulary to learn, and no
// syntax for quotes: what follows the name, up to the end of the line, is the value.
package config

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/textfile"
)

// Line is one flag of a file or of the environment.
type Line struct {
	From  string // where it is, for messages
	Name  string // without the dashes: of one letter, or a long one
	Value string
	Given bool // there is a value, be it empty
}

// Parse reads a file.
func Parse(r io.Reader, file string) ([]Line, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var lines []Line
	err = textfile.EachLine(file, data, func(n int, text string) error {
		line, err := parseLine(text)
		line.From = fmt.Sprintf("%s:%d", file, n)
		if err != nil {
			return fmt.Errorf("%s: %w", line.From, err)
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return lines, nil
}

// parseLine reads --name, --name=value, --name value, and the same with -n.
func parseLine(text string) (Line, error) {
	name, long := strings.CutPrefix(text, "--")
	if !long {
		var short bool
		if name, short = strings.CutPrefix(text, "-"); !short {
			return Line{}, errors.New("a line is a flag, such as --timeout 30s")
		}
	}
	var l Line
	if i := strings.IndexAny(name, "= \t"); i >= 0 {
		l.Value, l.Given = name[i+1:], true
		if name[i] != '=' {
			l.Value = strings.TrimSpace(l.Value)
		}
		name = name[:i]
	}
	if name == "" || name[0] == '-' || !long && len(name) > 1 {
		return Line{}, errors.New("a line has one flag, such as -f or --timeout 30s")
	}
	l.Name = name
	return l, nil
}

// Variable is the variable of the environment that stands for a flag.
func Variable(flag string) string {
	return "AIOLOS_" + strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToUpper(flag))
}

// Environment returns the flags that variables stand for. Empty variables are none.
func Environment(flags *pflag.FlagSet, getenv func(string) string) []Line {
	var lines []Line
	flags.VisitAll(func(f *pflag.Flag) {
		name := Variable(f.Name)
		if value := getenv(name); value != "" {
			lines = append(lines, Line{From: name, Name: f.Name, Value: value, Given: true})
		}
	})
	return lines
}
