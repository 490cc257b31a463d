package gosrc

import (
	"maps"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
)

// addWay is the field of the connector that says where connections go.
func (p *program) addWay() ([]string, error) {
	hosts, err := curlconv.Hosts(p.r.ConnectTo, p.r.Resolve)
	if err != nil || len(hosts) == 0 {
		return nil, err
	}
	var entries []string
	for _, key := range slices.Sorted(maps.Keys(hosts)) {
		entries = append(entries, stringLiteral(key)+": "+stringLiteral(hosts[key]))
	}
	return []string{"Hosts: map[string]string{" + strings.Join(entries, ", ") + "}"}, nil
}

// tlsSource returns the statements that read the files for TLS, and the name of the
// configuration, or "".
func (p *program) tlsSource() (statements []string, name string) {
	r := p.r
	if r.Cert == "" && r.CACert == "" {
		return nil, ""
	}
	p.addImport("crypto/tls")
	statements = []string{"\tpolicy := &tls.Config{MinVersion: tls.VersionTLS12}"}
	if r.Cert != "" {
		key := r.Key
		if key == "" {
			key = r.Cert
		}
		statements = append(statements,
			"\tpair, err := tls.LoadX509KeyPair("+stringLiteral(r.Cert)+", "+stringLiteral(key)+")", check,
			"\tpolicy.Certificates = []tls.Certificate{pair}")
	}
	if r.CACert != "" {
		p.addImport("crypto/x509")
		p.addImport("errors")
		statements = append(statements,
			"\tauthorities, err := os.ReadFile("+stringLiteral(r.CACert)+")", check,
			"\tpolicy.RootCAs = x509.NewCertPool()",
			"\tif !policy.RootCAs.AppendCertsFromPEM(authorities) {\n\t\treturn errors.New(\"no certificate\")\n\t}")
	}
	return statements, "policy"
}
