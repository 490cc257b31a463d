package exchange

import (
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
)

// DefaultRedirects is how many redirects are followed if nothing else is said.
const DefaultRedirects = 10

// Sender is the bare form: one request.
type Sender struct {
	App *app.App
	Net flags.Network
	flags.Print
	HAR recording

	AsForm      bool
	multipart   bool
	boundary    string
	raw         string
	Verbose     bool
	Output      string
	PrintParts  string
	NoFollow    bool
	Redirects   int
	CheckStatus bool
	NoCheck     bool
	ShowSecrets bool
}

// AddBodyFlags adds the flags that say what the fields become.
func (s *Sender) AddBodyFlags(f *pflag.FlagSet) {
	f.BoolVarP(&s.AsForm, "form", "f", false, "send the fields as a form, not as JSON")
	f.BoolVar(&s.multipart, "multipart", false, "send the fields as a multipart form, as with a file (NAME@FILE)")
	f.StringVar(&s.boundary, "boundary", "", "what separates the parts of a multipart form (default random)")
	f.StringVar(&s.raw, "raw", "", "send this text as the body")
}
