package exchange

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
)

// DefaultRedirects is how many redirects are followed if nothing else is said.
const DefaultRedirects = 10

// Sender sends or prints the requests of one command, as its flags say.
type Sender struct {
	App *app.App
	Net flags.Network
	flags.Print
	HAR recording

	AsForm    bool // the fields become a form, not JSON
	multipart bool
	boundary  string
	raw       string

	Verbose     bool
	Output      string // file for the response's body; "" and "-" are standard output
	PrintParts  string // the letters of --print
	FailBody    bool   // a file gets the body of 4xx and 5xx too
	pretty      looks
	NoFollow    bool
	Redirects   int
	CheckStatus bool // the status sets the exit code
	NoCheck     bool // it does not, whatever CheckStatus is
	NoErrorPage bool // the body of a status of 400 or more is not for Output, nor shown
	RedirectOK  bool // a status of 3xx does not
	ShowSecrets bool
}

// AddLookFlags adds the flags that say how heads and bodies look.
func (s *Sender) AddLookFlags(cmd *cobra.Command) { s.pretty.addFlags(cmd, cmd.Flags()) }

// AddShowFlags adds the flags that say what is shown and saved of a response. The letter is
// that of --print, or "".
func (s *Sender) AddShowFlags(f *pflag.FlagSet, letter string) {
	f.BoolVarP(&s.Verbose, "verbose", "v", false, "print the heads of requests and responses too (--print=HBhb, each redirect included)")
	f.StringVarP(&s.Output, "output", "o", "", "write the body of the response to this file; - is standard output")
	f.BoolVar(&s.FailBody, "fail-with-body", false, "with -o, save the body of a status of 4xx or 5xx too")
	f.StringVarP(&s.PrintParts, "print", letter, "", "what to print: H, B request head and body, h, b those of the response, m times")
}

// AddStatusFlags adds the flags that say how far redirects are followed, and what the
// status means.
func (s *Sender) AddStatusFlags(f *pflag.FlagSet) {
	f.BoolVar(&s.NoFollow, "no-follow", false, "do not follow redirects")
	f.IntVar(&s.Redirects, "max-redirects", DefaultRedirects, "how many redirects to follow")
	f.BoolVar(&s.NoCheck, "no-check", false, "exit with 0 whatever the status is")
	f.BoolVar(&s.ShowSecrets, "show-secrets", false, "print credentials and cookies as they are")
}

// AddBodyFlags adds the flags that say what the fields become.
func (s *Sender) AddBodyFlags(f *pflag.FlagSet) {
	f.BoolVarP(&s.AsForm, "form", "f", false, "send the fields as a form, not as JSON")
	f.BoolVar(&s.multipart, "multipart", false, "send the fields as a multipart form, as with a file (NAME@FILE)")
	f.StringVar(&s.boundary, "boundary", "", "what separates the parts of a multipart form (default random)")
	f.StringVar(&s.raw, "raw", "", "send this text as the body")
}
