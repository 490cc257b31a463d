// Package ws is "aiolos ws": the flags and the handshake around internal/console.
package ws

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/console"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// command is "aiolos ws".
type command struct {
	app *app.App
	net flags.Network

	options  ws.Options
	format   console.Format
	json     bool
	compress bool
	listen   bool
	verbose  bool
	secrets  bool
	wait     flags.Duration
	count    int
}

// New makes "aiolos ws".
func New(a *app.App) *cobra.Command {
	s := &command{app: a, net: flags.NewNetwork(a), wait: flags.Duration(time.Second)}
	cmd := app.NewCommand("ws URL [ITEM...]", "Talk over a WebSocket: lines go out, messages come in", help, examples, s.run)
	f := cmd.Flags()
	f.BoolVar(&s.json, "json", false, "print each message as a JSON object, the close too")
	f.BoolVar(&s.format.Binary, "binary", false, "send lines as binary messages")
	f.BoolVar(&s.format.Hex, "hex", false, "lines are hexadecimal digits, and binary messages are printed so")
	f.BoolVar(&s.format.Hex, "binary-hex", false, "")
	f.Lookup("binary-hex").Hidden = true // what --hex was to be called
	f.BoolVar(&s.format.Verbatim, "no-commands", false, "a line that begins with / is a message like others")
	f.BoolVar(&s.listen, "listen", false, "read no input, only print messages")
	f.Var(&s.wait, "wait", "how long the server may be silent after the end of the input; 0: no limit")
	f.IntVarP(&s.count, "number", "n", 0, "close after so many messages")
	f.StringSliceVar(&s.options.Protocols, "protocol", nil, "subprotocol to offer; may be given several times")
	f.StringVar(&s.options.Origin, "origin", "", "the header Origin")
	f.DurationVar(&s.options.Heartbeat, "heartbeat", 0, "silence after which the server is pinged, and half of it later given up")
	f.BoolVar(&s.compress, "compress", false, "offer compression")
	f.Int64Var(&s.options.MaxMessageSize, "max-message", 0, "largest message in bytes; 0: 4 MiB, -1: no limit")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "print the heads of the handshake")
	f.BoolVar(&s.secrets, "show-secrets", false, "print credentials and cookies as they are")
	s.net.AddFlags(cmd)
	return cmd
}

// run connects and talks.
func (s *command) run(cmd *cobra.Command, args []string) error {
	url, headers, options, err := s.readArgs(args)
	if err == nil && cmd.Flags().Changed("http2") && s.net.HTTP2 {
		err = errors.New("--http2: a WebSocket is opened with HTTP/1.1 here (RFC 6455)")
	}
	if err != nil {
		return exitcode.AsUsage(err)
	}
	sess, err := s.net.OpenSession(cmd.Context(), connector.Config{})
	if err != nil {
		return err
	}
	defer sess.Close()
	s.net.RememberHeaders(url, headers)
	conn, err := sess.WebSocket(cmd.Context(), url, &s.options, options...)
	if err != nil {
		return err
	}
	if err := s.reportOpened(conn); err != nil {
		return errors.Join(err, conn.Close(ws.CloseGoingAway, ""))
	}
	err = console.Run(cmd.Context(), conn, s.newConsole())
	if s.app.InTTY && err == nil {
		s.app.Notice("closed: %s %s", conn.CloseCode(), render.Line(conn.CloseReason()))
	}
	return err
}

// readArgs checks the command line.
func (s *command) readArgs(args []string) (url string, headers []syntax.HeaderItem, options []session.Option, err error) {
	if len(args) == 0 {
		return "", nil, nil, syntax.ErrNoURL
	}
	if url, err = syntax.ExpandURL(args[0]); err != nil {
		return "", nil, nil, err
	}
	req, err := syntax.Build(args[1:], syntax.Mode{}, app.ReadFile)
	switch {
	case err != nil:
		return "", nil, nil, err
	case req.Sends():
		err = errors.New("a handshake has no body: only headers and query parameters can be given")
	case s.count < 0:
		err = errors.New("-n must not be negative")
	case s.options.Heartbeat < 0:
		err = errors.New("--heartbeat must not be negative")
	case s.format.Hex && s.format.Binary:
		err = errors.New("--hex and --binary exclude each other")
	}
	// The console answers pings itself, to see the answers to its own.
	s.options.NoAutoPing = true
	if s.compress {
		s.options.Compress = &ws.Compression{}
	}
	headers = req.Headers
	s.net.NoteHeaders(headers)
	// Headers go where the library knows which of them are its own.
	s.options.Header = http.Header{}
	req.Headers = nil
	for _, h := range headers {
		if h.Unset {
			req.Headers = append(req.Headers, h)
		} else {
			s.options.Header.Add(h.Name, h.Value)
		}
	}
	return url, headers, s.net.ItemOptions(req), err
}

// newConsole is the console for the streams of the program.
func (s *command) newConsole() console.Config {
	cfg := console.Config{
		In:     s.app.In,
		Format: s.format,
		Printer: &console.Printer{
			W: s.app.Out, TTY: s.app.OutTTY, JSON: s.json, Hex: s.format.Hex, Palette: s.app.OutPalette(),
		},
		Wait:  time.Duration(s.wait),
		Count: s.count,
	}
	if s.listen {
		cfg.In = nil
	}
	if s.app.InTTY {
		// The end of what is typed is the wish to leave; a slip is not.
		cfg.Wait = 0
		cfg.Complain = func(err error) { s.app.Notice("%s", render.Error(err)) }
	}
	return cfg
}

// reportOpened tells of the handshake.
func (s *command) reportOpened(conn *ws.Conn) error {
	if s.verbose {
		if err := s.printHandshake(conn.Response()); err != nil { //nolint:bodyclose // the connection is the body
			return err
		}
	}
	if !s.app.InTTY || s.listen {
		return nil
	}
	extra := ""
	if p := conn.Protocol(); p != "" {
		extra += ", subprotocol " + render.Line(p)
	}
	if conn.Compression() != nil {
		extra += ", compressed"
	}
	s.app.Notice("connected%s; /ping, /close, ctrl-D to leave", extra)
	return nil
}

// printHandshake prints the heads of the handshake where notices go: standard output is
// for messages.
func (s *command) printHandshake(resp *http.Response) error {
	p := render.Printer{W: s.app.Err, Palette: s.app.ErrPalette(), Safe: s.app.ErrTTY, Secrets: s.secrets}
	if resp.Request != nil {
		if err := p.RequestHead(resp.Request, resp.Proto); err != nil {
			return err
		}
		if _, err := io.WriteString(s.app.Err, "\n"); err != nil {
			return err
		}
	}
	if err := p.ResponseHead(resp); err != nil {
		return err
	}
	_, err := io.WriteString(s.app.Err, "\n")
	return err
}
