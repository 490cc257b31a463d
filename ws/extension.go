package ws

import (
	"compress/flate"
	"net/http"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Compression is permessage-deflate, RFC 7692 (aiohttp: compress). The zero
// value asks for it with its defaults.
type Compression struct {
	// Window bounds the server's window, as a power of two: 9 to 15. 0 is 15,
	// and asks for nothing. (aiohttp: compress=N)
	Window int
	// NoContextTakeover makes every message that is sent stand alone, which
	// costs size and saves a megabyte of memory per connection. The server may
	// ask for it too. (aiohttp: client_notakeover)
	NoContextTakeover bool
	// ServerNoContextTakeover asks the same of the server.
	ServerNoContextTakeover bool
	// Level is 1 (the fastest) to 9 (the smallest); 0 is 1, as in aiohttp.
	Level int
	// Threshold is the length in bytes from which on messages are compressed; 0
	// is 128, negative compresses all.
	Threshold int
}

const (
	defaultThreshold = 128
	extensionName    = "permessage-deflate"
)

func (z *Compression) validate() error {
	switch {
	case z == nil:
		return nil
	case z.Window != 0 && (z.Window < 9 || z.Window > maxWindowBits):
		return invalidRequest("compression window", "is not 0 or 9 to 15")
	case z.Level < 0 || z.Level > flate.BestCompression:
		return invalidRequest("compression level", "is not 0 to 9")
	}
	return nil
}

// offer is the value of Sec-WebSocket-Extensions, RFC 7692 7.1.
func (z *Compression) offer() string {
	offer := extensionName + "; client_max_window_bits"
	if z.Window != 0 && z.Window != maxWindowBits {
		offer += "; server_max_window_bits=" + strconv.Itoa(z.Window)
	}
	if z.NoContextTakeover {
		offer += "; client_no_context_takeover"
	}
	if z.ServerNoContextTakeover {
		offer += "; server_no_context_takeover"
	}
	return offer
}

// agreement is what a server has accepted.
type agreement struct {
	clientWindow, serverWindow         int // in bits
	clientNoTakeover, serverNoTakeover bool
}

// negotiate reads the server's answer to the offer; nil is no compression.
func (z *Compression) negotiate(h http.Header) (*agreement, error) {
	answer := strings.Join(httprule.FieldValues(h, "Sec-WebSocket-Extensions"), ",")
	if strings.TrimSpace(answer) == "" {
		return nil, nil //nolint:nilnil // no compression is an outcome like the other
	}
	parts := strings.Split(answer, ";")
	if !strings.EqualFold(strings.TrimSpace(parts[0]), extensionName) || strings.Contains(answer, ",") || z == nil {
		return nil, errors.New("extension that was not asked for")
	}
	a := &agreement{clientWindow: maxWindowBits, serverWindow: maxWindowBits, clientNoTakeover: z.NoContextTakeover}
	seen := map[string]bool{}
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if seen[name] {
			return nil, errors.New("permessage-deflate with a parameter twice")
		}
		seen[name] = true
		if err := a.setParameter(name, strings.Trim(strings.TrimSpace(value), `"`)); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *agreement) setParameter(name, value string) (err error) {
	switch name {
	case "client_no_context_takeover", "server_no_context_takeover":
		if value != "" {
			return errors.New("permessage-deflate with a value where none may be")
		}
		if name == "client_no_context_takeover" {
			a.clientNoTakeover = true
		} else {
			a.serverNoTakeover = true
		}
	case "client_max_window_bits":
		a.clientWindow, err = windowBits(value)
	case "server_max_window_bits":
		a.serverWindow, err = windowBits(value)
	default:
		err = errors.New("permessage-deflate with an unknown parameter")
	}
	return err
}

// windowBits reads 8 to 15 without leading zeros, RFC 7692 7.1.2.
func windowBits(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 8 || n > maxWindowBits || strconv.Itoa(n) != value {
		return 0, errors.New("invalid window size")
	}
	return n, nil
}

// applyAgreement turns the offer and its answer into what is in force.
func (z *Compression) applyAgreement(a *agreement) *Compression {
	settled := *z
	settled.Window = a.clientWindow
	settled.NoContextTakeover = a.clientNoTakeover
	settled.ServerNoContextTakeover = a.serverNoTakeover
	if settled.Level == 0 {
		settled.Level = flate.BestSpeed
	}
	if settled.Threshold == 0 {
		settled.Threshold = defaultThreshold
	}
	settled.Threshold = max(settled.Threshold, 0)
	return &settled
}
