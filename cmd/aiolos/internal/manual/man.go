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
	m.writeLine(`.TH `, strings.ToUpper(root.Name()), ` 1 "`, day, `" "`, root.Name(), " ", escapeRoff(version), `" ""`)
	m.writeLine(".SH NAME")
	m.writeLine(escapeRoff(root.Name()), ` \- `, escapeRoff(root.Short))
	m.writeLine(".SH SYNOPSIS")
	commands, topics := ListCommands(root)
	for _, cmd := range append([]*cobra.Command{root}, commands...) {
		m.writeLine(".B ", escapeRoff(UsageLine(cmd)))
		m.writeLine(".br")
	}
	m.writeLine(".SH DESCRIPTION")
	m.writeCommand(root)
	m.writeLine(".SS Flags of every command")
	m.writeFlags(CommonFlags(root))
	m.writeLine(".SH COMMANDS")
	for _, cmd := range commands {
		m.writeLine(".SS ", escapeRoff(UsageLine(cmd)))
		m.writeCommand(cmd)
	}
	for _, topic := range topics {
		m.writeLine(".SH ", strings.ToUpper(escapeRoff(topic.Name())))
		m.writeText(topic.Long)
	}
	return m.String()
}

// man is a page that grows.
type man struct{ strings.Builder }

// writeLine writes a line.
func (m *man) writeLine(parts ...string) { m.WriteString(strings.Join(parts, "") + "\n") }

// escapeRoff keeps the characters of a text from being commands.
func escapeRoff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, `"`, `\(dq`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

// writeText writes a help text.
func (m *man) writeText(text string) {
	for _, b := range SplitBlocks(text) {
		if b.Verbatim {
			m.writeVerbatim(b.Text)
			continue
		}
		m.writeLine(".PP")
		for line := range strings.SplitSeq(b.Text, "\n") {
			m.writeLine(escapeRoff(line))
		}
	}
}

// writeVerbatim writes lines as they are.
func (m *man) writeVerbatim(text string) {
	m.writeLine(".PP")
	m.writeLine(".nf")
	for line := range strings.SplitSeq(text, "\n") {
		m.writeLine(escapeRoff(line))
	}
	m.writeLine(".fi")
}

// writeCommand writes text, examples and flags of a command.
func (m *man) writeCommand(cmd *cobra.Command) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	m.writeText(text)
	if cmd.Example != "" {
		m.writeVerbatim(cmd.Example)
	}
	m.writeFlags(OwnFlags(cmd))
}

// writeFlags writes a list of flags.
func (m *man) writeFlags(set *pflag.FlagSet) {
	set.VisitAll(func(f *pflag.Flag) {
		name := `\fB` + escapeRoff("--"+f.Name) + `\fR`
		if f.Shorthand != "" {
			name = `\fB` + escapeRoff("-"+f.Shorthand) + `\fR, ` + name
		}
		kind, text := pflag.UnquoteUsage(f)
		if kind != "" {
			name += ` \fI` + escapeRoff(kind) + `\fR`
		}
		m.writeLine(".TP")
		m.writeLine(name)
		switch f.DefValue {
		case "", "false", "0", "[]", "none":
		default:
			text += " (default " + f.DefValue + ")"
		}
		m.writeLine(escapeRoff(text))
	})
}
