package exchange

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
)

// NoticeUseless tells which of the given flags are about a response, where none comes.
func (s *Sender) NoticeUseless(given *pflag.FlagSet) {
	names := []string{"har", "print", "pretty", "sorted"}
	if s.Print.Offline {
		names = append(names, "output", "verbose")
	}
	var useless []string
	for _, name := range names {
		if f := given.Lookup(name); f != nil && f.Changed && f.Value.Type() != "bool" || name != "print" && given.Changed(name) {
			useless = append(useless, "--"+name)
		}
	}
	s.noticeLost("nothing is sent, so there is nothing for", useless)
}

// PrintRequest prints a request as the flags say.
func (s *Sender) PrintRequest(ctx context.Context, j Job) error {
	if err := s.checkRedirects(); err != nil {
		return err
	}
	s.Net.Dry = true
	if s.Print.Offline {
		return s.printBytes(ctx, j)
	}
	asked, sent := j.Asked, j.Asked
	if asked == nil {
		var err error
		if asked, sent, err = s.describeRequest(ctx, j); err != nil {
			return err
		}
	}
	if s.Print.Curl {
		s.noticeLost("curl has nothing like", sent.Lost())
		if sent.Follow {
			s.noticeLost("after a redirect curl takes to other hosts", sent.Sensitive)
		}
		text, err := s.HideSecrets(sent).Curl()
		return s.PrintText(text, err)
	}
	if s.Net.KeyLog {
		s.noticeLost("the program does without", []string{"--keylog"})
	}
	text, err := gosrc.Program(s.HideSecrets(asked))
	return s.PrintText(strings.TrimSuffix(text, "\n"), err)
}

// noticeLost tells which flags a printed request does without.
func (s *Sender) noticeLost(what string, flags []string) {
	if len(flags) > 0 {
		s.App.Notice("%s %s", what, strings.Join(flags, ", "))
	}
}

// HideSecrets hides the secrets of a request unless they are asked for.
func (s *Sender) HideSecrets(r *curlconv.Request) *curlconv.Request {
	if s.ShowSecrets {
		return r
	}
	r, changed := r.Redact()
	if changed {
		s.App.Notice("secrets are printed as ***; --show-secrets prints them as they are")
	}
	return r
}

// PrintText prints a text with a line end, in a form that no terminal acts on.
func (s *Sender) PrintText(text string, err error) error {
	if err != nil {
		return exitcode.AsUsage(err)
	}
	out := s.App.SafeOut()
	_, err = io.WriteString(out, text+"\n")
	return errors.Join(err, out.Close())
}
