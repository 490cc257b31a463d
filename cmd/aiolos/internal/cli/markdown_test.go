package cli_test

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/manual"
)

// manualWidth is the width of lists of flags, in characters.
const manualWidth = 110

// writeMarkdown returns the manual of a program as a Markdown file.
func writeMarkdown(root *cobra.Command) string {
	m := &markdown{}
	m.writeLine("# ", root.Name())
	m.writeLine()
	m.writeLine("This file is made from the commands themselves, by `go test ./internal/cli -run TestManual -update` in cmd/aiolos.")
	m.writeLine()
	commands, topics := manual.ListCommands(root)
	for _, cmd := range commands {
		m.writeLine("- [", cmd.CommandPath(), "](#", headingAnchor(cmd.CommandPath()), "): ", cmd.Short)
	}
	for _, topic := range topics {
		m.writeLine("- [", topic.Name(), "](#", headingAnchor(topic.Name()), "): ", topic.Short)
	}
	m.writeCommand(root, "The bare form")
	m.writeLine()
	m.writeLine("Flags of every command:")
	m.writeCode("text", manual.CommonFlags(root).FlagUsagesWrapped(manualWidth))
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
	for _, b := range manual.SplitBlocks(text) {
		if b.Verbatim {
			m.writeCode("text", b.Text)
			continue
		}
		m.writeLine()
		m.writeLine(escapeMarkdown(b.Text))
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
	m.writeCode("text", manual.UsageLine(cmd))
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
	if flags := manual.OwnFlags(cmd); flags.HasFlags() {
		m.writeLine()
		m.writeLine("Flags:")
		m.writeCode("text", flags.FlagUsagesWrapped(manualWidth))
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

// smallTree is a small program.
func smallTree() *cobra.Command {
	run := func(*cobra.Command, []string) error { return nil }
	root := &cobra.Command{Use: "prog URL", Short: "A program", Long: "It's a *program*:\n\n  as is\n\n  it is\n\n.more", Example: "  prog a\\b", RunE: run}
	root.PersistentFlags().BoolP("quiet", "q", false, "be quiet")
	root.PersistentFlags().Bool("secret", false, "")
	_ = root.PersistentFlags().MarkHidden("secret")
	root.Flags().Int("times", 3, "how often")
	sub := &cobra.Command{Use: "sub FILE", Short: "Do a thing", RunE: run}
	sub.Flags().StringP("output", "o", "", "the file")
	deep := &cobra.Command{Use: "deep", Short: "Do it deeper", RunE: run}
	sub.AddCommand(deep)
	topic := &cobra.Command{Use: "topic", Short: "A topic", Long: "  NAME  meaning"}
	hidden := &cobra.Command{Use: "hidden", Short: "Nobody knows", Hidden: true, RunE: run}
	root.AddCommand(sub, topic, hidden)
	return root
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	got := writeMarkdown(smallTree())
	for _, want := range []string{
		"# prog\n",
		"- [prog sub](#prog-sub): Do a thing\n- [prog sub deep](#prog-sub-deep): Do it deeper\n- [topic](#topic): A topic\n",
		"## The bare form\n\n```text\nprog URL\n```\n\nIt's a \\*program\\*:\n\n```text\n  as is\n\n  it is\n```\n\n.more\n\nExamples:\n\n```sh\nprog a\\b\n```\n",
		"      --times int   how often (default 3)\n",
		"Flags of every command:\n\n```text\n  -q, --quiet   be quiet\n```\n",
		"## prog sub\n\n```text\nprog sub FILE\n```\n\nDo a thing.\n\nFlags:\n\n```text\n  -o, --output string   the file\n```\n",
		"## topic\n\n```text\n  NAME  meaning\n```\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing:\n%s\nin:\n%s", want, got)
		}
	}
	if strings.Contains(got, "hidden") || strings.Contains(got, "secret") || strings.Count(got, "--quiet") != 1 {
		t.Errorf("too much in:\n%s", got)
	}
}
