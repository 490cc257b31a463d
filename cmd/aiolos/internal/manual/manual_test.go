package manual_test

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/manual"
)

// tree is a small program.
func tree() *cobra.Command {
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

func TestMan(t *testing.T) {
	t.Parallel()
	got := manual.Man(tree(), "1.2.3", time.Unix(0, 0))
	for _, want := range []string{
		".TH PROG 1 \"1970-01-01\" \"prog 1.2.3\" \"\"\n.SH NAME\nprog \\- A program\n",
		".PP\nIt\\(aqs a *program*:\n.PP\n.nf\n  as is\n\n  it is\n.fi\n.PP\n\\&.more\n",
		"  prog a\\eb\n",
		".TP\n\\fB\\-q\\fR, \\fB\\-\\-quiet\\fR\nbe quiet\n",
		".TP\n\\fB\\-\\-times\\fR \\fIint\\fR\nhow often (default 3)\n",
		".SS prog sub deep\n",
		".SH TOPIC\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing:\n%s\nin:\n%s", want, got)
		}
	}
	if got := manual.Man(tree(), "1", time.Time{}); !strings.Contains(got, ".TH PROG 1 \"\" \"prog 1\"") || got != manual.Man(tree(), "1", time.Time{}) {
		t.Errorf("without a date:\n%s", got)
	}
}
