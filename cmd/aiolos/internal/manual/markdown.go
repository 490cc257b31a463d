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
	m.writeLine("# ", root.Name())
	m.writeLine()
	m.writeLine("This file is made from the commands themselves, by `go test ./internal/cli -run TestManual -update` in cmd/aiolos.")
	m.writeLine()
	commands, topics := listCommands(root)
	for _, cmd := range commands {
		m.writeLine("- [", cmd.CommandPath(), "](#", headingAnchor(cmd.CommandPath()), "): ", cmd.Short)
	}
	for _, topic := range topics {
		m.writeLine("- [", topic.Name(), "](#", headingAnchor(topic.Name()), "): ", topic.Short)
	}
	m.writeCommand(root, "The bare form")
	m.writeLine()
	m.writeLine("Flags of every command:")
	m.writeCode("text", commonFlags(root).FlagUsagesWrapped(width))
	for _, cmd := range commands {
		m.writeCommand(cmd, cmd.CommandPath())
	}
	for _, topic := range topics {
		m.writeLine()
		m.writeLine("## ", topic.Name())
		m.writeText(topic.Long)
	}
	return m.String()
}

// markdown is a Markdown file that grows.
type markdown struct{ strings.Builder }

// writeLine writes a line.
func (m *markdown) writeLine(parts ...string) { m.WriteString(strings.Join(parts, "") + "\n") }

// writeCode writes lines as they are.
func (m *markdown) writeCode(language, text string) {
	m.writeLine()
	m.writeLine("```", language)
	m.writeLine(strings.TrimRight(text, "\n"))
	m.writeLine("```")
}

// writeText writes a help text.
func (m *markdown) writeText(text string) {
	for _, b := range splitBlocks(text) {
		if b.verbatim {
			m.writeCode("text", b.text)
			continue
		}
		m.writeLine()
		m.writeLine(escapeMarkdown(b.text))
	}
}

// escapeMarkdown keeps the characters of a text from being marks.
func escapeMarkdown(text string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`, "`", "\\`", "[", `\[`).Replace(text)
}

// writeCommand writes the section of one command.
func (m *markdown) writeCommand(cmd *cobra.Command, title string) {
	m.writeLine()
	m.writeLine("## ", title)
	m.writeCode("text", usageLine(cmd))
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	m.writeText(text)
	if cmd.Example != "" {
		m.writeLine()
		m.writeLine("Examples:")
		m.writeCode("sh", removeIndent(cmd.Example))
	}
	if flags := ownFlags(cmd); flags.HasFlags() {
		m.writeLine()
		m.writeLine("Flags:")
		m.writeCode("text", flags.FlagUsagesWrapped(width))
	}
}

// removeIndent takes two blanks away at the start of each line.
func removeIndent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

// headingAnchor is the name of a heading in a link.
func headingAnchor(title string) string { return strings.ReplaceAll(strings.ToLower(title), " ", "-") }
