package manual

import (
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Man returns the manual of a program as a page for man(1), section 1. The date
// may be the zero time.
func Man(root *cobra.Command, version string, date time.Time) string {
	m := &man{}
	day := ""
	if !date.IsZero() {
		day = date.UTC().Format(time.DateOnly)
	}
	m.line(`.TH `, strings.ToUpper(root.Name()), ` 1 "`, day, `" "`, root.Name(), " ", roff(version), `" ""`)
	m.line(".SH NAME")
	m.line(roff(root.Name()), ` \- `, roff(root.Short))
	m.line(".SH SYNOPSIS")
	commands, topics := flat(root)
	for _, cmd := range append([]*cobra.Command{root}, commands...) {
		m.line(".B ", roff(usage(cmd)))
		m.line(".br")
	}
	m.line(".SH DESCRIPTION")
	m.command(root)
	m.line(".SS Flags of every command")
	m.flags(common(root))
	m.line(".SH COMMANDS")
	for _, cmd := range commands {
		m.line(".SS ", roff(usage(cmd)))
		m.command(cmd)
	}
	for _, topic := range topics {
		m.line(".SH ", strings.ToUpper(roff(topic.Name())))
		m.text(topic.Long)
	}
	return m.String()
}

// man is a page that grows.
type man struct{ strings.Builder }

// line writes a line.
func (m *man) line(parts ...string) { m.WriteString(strings.Join(parts, "") + "\n") }

// roff keeps the characters of a text from being commands.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, `"`, `\(dq`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

// text writes a help text.
func (m *man) text(text string) {
	for _, b := range blocks(text) {
		if b.verbatim {
			m.verbatim(b.text)
			continue
		}
		m.line(".PP")
		for line := range strings.SplitSeq(b.text, "\n") {
			m.line(roff(line))
		}
	}
}

// verbatim writes lines as they are.
func (m *man) verbatim(text string) {
	m.line(".PP")
	m.line(".nf")
	for line := range strings.SplitSeq(text, "\n") {
		m.line(roff(line))
	}
	m.line(".fi")
}

// command writes text, examples and flags of a command.
func (m *man) command(cmd *cobra.Command) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	m.text(text)
	if cmd.Example != "" {
		m.verbatim(cmd.Example)
	}
	m.flags(own(cmd))
}

// flags writes a list of flags.
func (m *man) flags(set *pflag.FlagSet) {
	set.VisitAll(func(f *pflag.Flag) {
		name := `\fB` + roff("--"+f.Name) + `\fR`
		if f.Shorthand != "" {
			name = `\fB` + roff("-"+f.Shorthand) + `\fR, ` + name
		}
		kind, text := pflag.UnquoteUsage(f)
		if kind != "" {
			name += ` \fI` + roff(kind) + `\fR`
		}
		m.line(".TP")
		m.line(name)
		switch f.DefValue {
		case "", "false", "0", "[]", "none":
		default:
			text += " (default " + f.DefValue + ")"
		}
		m.line(roff(text))
	})
}
