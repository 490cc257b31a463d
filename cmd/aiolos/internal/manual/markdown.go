package manual

import (
	"strings"

	"github.com/spf13/cobra"
)

// width is the width of lists of flags, in characters.
const width = 110

// Markdown returns the manual of a program as a Markdown file.
func Markdown(root *cobra.Command) string {
	m := &markdown{}
	m.line("# ", root.Name())
	m.line()
	m.line("This file is made from the commands themselves, by `go test ./internal/cli -run TestManual -update` in cmd/aiolos.")
	m.line()
	commands, topics := flat(root)
	for _, cmd := range commands {
		m.line("- [", cmd.CommandPath(), "](#", anchor(cmd.CommandPath()), "): ", cmd.Short)
	}
	for _, topic := range topics {
		m.line("- [", topic.Name(), "](#", anchor(topic.Name()), "): ", topic.Short)
	}
	m.command(root, "The bare form")
	m.line()
	m.line("Flags of every command:")
	m.code("text", common(root).FlagUsagesWrapped(width))
	for _, cmd := range commands {
		m.command(cmd, cmd.CommandPath())
	}
	for _, topic := range topics {
		m.line()
		m.line("## ", topic.Name())
		m.text(topic.Long)
	}
	return m.String()
}

// markdown is a Markdown file that grows.
type markdown struct{ strings.Builder }

// line writes a line.
func (m *markdown) line(parts ...string) { m.WriteString(strings.Join(parts, "") + "\n") }

// code writes lines as they are.
func (m *markdown) code(language, text string) {
	m.line()
	m.line("```", language)
	m.line(strings.TrimRight(text, "\n"))
	m.line("```")
}

// text writes a help text.
func (m *markdown) text(text string) {
	for _, b := range blocks(text) {
		if b.verbatim {
			m.code("text", b.text)
			continue
		}
		m.line()
		m.line(escape(b.text))
	}
}

// escape keeps the characters of a text from being marks.
func escape(text string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`, "`", "\\`", "[", `\[`).Replace(text)
}

// command writes the section of one command.
func (m *markdown) command(cmd *cobra.Command, title string) {
	m.line()
	m.line("## ", title)
	m.code("text", usage(cmd))
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	m.text(text)
	if cmd.Example != "" {
		m.line()
		m.line("Examples:")
		m.code("sh", unindent(cmd.Example))
	}
	if flags := own(cmd); flags.HasFlags() {
		m.line()
		m.line("Flags:")
		m.code("text", flags.FlagUsagesWrapped(width))
	}
}

// unindent takes two blanks away at the start of each line.
func unindent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

// anchor is the name of a heading in a link.
func anchor(title string) string { return strings.ReplaceAll(strings.ToLower(title), " ", "-") }
