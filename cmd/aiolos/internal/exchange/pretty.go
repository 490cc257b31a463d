package exchange

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/choice"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/pretty"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// The values of --pretty. Without the flag a terminal with colours has all of it, and
// everything else gets the bytes as they came.
const (
	prettyAll    prettyMode = "all"
	prettyColors prettyMode = "colors"
	prettyFormat prettyMode = "format"
	prettyNone   prettyMode = "none"
)

// prettyMode is the value of --pretty.
type prettyMode string

// Set implements pflag.Value.
func (m *prettyMode) Set(s string) error {
	return choice.Set(m, s, prettyAll, prettyColors, prettyFormat, prettyNone)
}

// String implements pflag.Value.
func (m *prettyMode) String() string { return string(*m) }

// Type implements pflag.Value.
func (m *prettyMode) Type() string { return "what" }

// looks are the flags that say how heads and bodies look.
type looks struct {
	mode   prettyMode
	sorted bool
}

// addFlags adds the flags to a command.
func (l *looks) addFlags(cmd *cobra.Command, f *pflag.FlagSet) {
	f.Var(&l.mode, "pretty", "all, colors, format or none: JSON and events on a terminal with colours are indented and coloured")
	f.BoolVar(&l.sorted, "sorted", false, "sort the members of JSON objects by their names, and indent them")
	// The flag is there.
	_ = cmd.RegisterFlagCompletionFunc("pretty", cobra.FixedCompletions([]string{"all", "colors", "format", "none"}, cobra.ShellCompDirectiveNoFileComp))
}

// CheckLooks refuses flags that contradict each other.
func (s *Sender) CheckLooks() error {
	if s.pretty.sorted && (s.pretty.mode == prettyNone || s.pretty.mode == prettyColors) {
		return errors.New("--sorted is for --pretty=format and --pretty=all")
	}
	return nil
}

// asksForBody reports whether a body is to be changed that nobody looks at.
func (l *looks) asksForBody() bool { return l.sorted || l.mode != "" && l.mode != prettyNone }

// palette are the colours of standard output. --color counts more than --pretty, and
// that more than the environment.
func (s *Sender) palette() render.Palette { return render.NewPalette(s.colored()) }

// colored reports whether heads and bodies have colours.
func (s *Sender) colored() bool {
	mode := s.App.Color
	if mode == render.ColorAuto {
		switch s.pretty.mode {
		case prettyAll, prettyColors:
			mode = render.ColorAlways
		case prettyFormat, prettyNone:
			mode = render.ColorNever
		}
	}
	return render.Colored(mode, s.App.Getenv, s.App.OutTTY)
}

// bodyStyle is what is done to a body.
func (s *Sender) bodyStyle() pretty.Style {
	colored := s.colored()
	style := pretty.Style{Sort: s.pretty.sorted, Color: colored}
	switch s.pretty.mode {
	case "":
		style.Indent = s.pretty.sorted || colored && s.App.OutTTY
		style.Color = style.Indent && colored
	case prettyAll, prettyFormat:
		style.Indent = true
	case prettyColors:
	case prettyNone:
		style.Color = false
	}
	return style
}
