package certs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// Report is what is told of a server. Its JSON is the form of --json.
type Report struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	TLS      string `json:"tls"`
	Verified bool   `json:"verified"`
	Error    string `json:"error,omitempty"` // why not
	Chain    []Cert `json:"chain"`
	Go       string `json:"go"`
	Curl     string `json:"curl"`

	url  *url.URL
	leaf *x509.Certificate
	now  time.Time
}

// Cert is one certificate of the chain.
type Cert struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Names     []string  `json:"names,omitempty"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Key       string    `json:"key"`
	Pin       string    `json:"sha256"` // of the certificate
	KeyPin    string    `json:"spki"`   // of its public key
}

// NewReport describes what a server showed; verdict is the outcome of [Verify].
func NewReport(u *url.URL, state *tls.ConnectionState, verdict error, now time.Time) *Report {
	leaf := state.PeerCertificates[0]
	port, _ := strconv.Atoi(u.Port()) // the handshake was with a number
	r := &Report{
		Host: u.Hostname(), Port: port, TLS: tls.VersionName(state.Version), Verified: verdict == nil,
		Go:  fmt.Sprintf("pin, err := connector.ParsePin(%q)", Pin(leaf)),
		url: u, leaf: leaf, now: now,
	}
	insecure := ""
	if verdict != nil {
		r.Error = verdict.Error()
		insecure = "--insecure "
	}
	// With --insecure curl still compares the key.
	r.Curl = "curl " + insecure + "--pinnedpubkey " + render.ShellWord(KeyPin(leaf)) + " " + render.ShellWord(u.String())
	for _, cert := range state.PeerCertificates {
		r.Chain = append(r.Chain, Cert{
			Subject: cert.Subject.String(), Issuer: cert.Issuer.String(), Names: certNames(cert),
			NotBefore: cert.NotBefore.UTC(), NotAfter: cert.NotAfter.UTC(),
			Key: Key(cert), Pin: Pin(cert).String(), KeyPin: KeyPin(cert),
		})
	}
	return r
}

// Leaf is the server's own certificate.
func (r *Report) Leaf() *x509.Certificate { return r.leaf }

// Write writes the report for a reader. What the certificates say is made
// harmless for a terminal.
func (r *Report) Write(w io.Writer, p render.Palette) error {
	var b strings.Builder
	verdict := p.Green("verified")
	if !r.Verified {
		verdict = p.Red("not verified") + ": " + render.Line(r.Error)
	}
	fmt.Fprintf(&b, "%s  %s, %s\n", p.Bold(r.url.Host), r.TLS, verdict)
	for i, cert := range r.Chain {
		fmt.Fprintf(&b, "\n%d  %s\n", i, p.Bold(render.Line(cert.Subject)))
		if len(cert.Names) > 0 {
			fmt.Fprintf(&b, "   names        %s\n", render.Line(strings.Join(cert.Names, " ")))
		}
		fmt.Fprintf(&b, "   issued by    %s\n", render.Line(cert.Issuer))
		fmt.Fprintf(&b, "   valid        %s to %s, %s\n",
			cert.NotBefore.Format(time.DateOnly), cert.NotAfter.Format(time.DateOnly), r.describeExpiry(cert))
		fmt.Fprintf(&b, "   key          %s\n", cert.Key)
		fmt.Fprintf(&b, "   certificate  %s\n", cert.Pin)
		fmt.Fprintf(&b, "   public key   %s\n", cert.KeyPin)
	}
	fmt.Fprintf(&b, "\n   aiolos  aiolos --pin %s %s\n   Go      %s\n           session.Config{Options: []session.Option{session.Pin(pin)}}\n   curl    %s\n",
		r.Chain[0].Pin, render.ShellWord(r.url.String()), r.Go, r.Curl)
	_, err := io.WriteString(w, b.String())
	return err
}

// describeExpiry tells how long a certificate is valid still.
func (r *Report) describeExpiry(cert Cert) string {
	days := int(cert.NotAfter.Sub(r.now).Hours() / 24)
	switch {
	case r.now.Before(cert.NotBefore):
		return "not yet valid"
	case !r.now.Before(cert.NotAfter):
		return "expired"
	case days == 1:
		return "one day left"
	}
	return fmt.Sprintf("%d days left", days)
}

// certNames are those that a certificate is for.
func certNames(cert *x509.Certificate) []string {
	list := append([]string(nil), cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		list = append(list, ip.String())
	}
	return list
}
