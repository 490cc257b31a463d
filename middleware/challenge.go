package middleware

import "strings"

// authChallenge is one of WWW-Authenticate or Proxy-Authenticate (RFC 9110
// 11.6.1).
type authChallenge struct {
	scheme string            // lower case
	params map[string]string // names in lower case, values without quotes
	broken bool              // a quote is not closed, or a parameter comes twice
}

// parseChallenges reads all challenges of all lines, in order. It takes time in
// proportion to their length. What makes no sense is passed over.
func parseChallenges(lines []string) []authChallenge {
	var all []authChallenge
	for _, line := range lines {
		p := challengeParser{rest: line}
		for p.parseNext() {
		}
		all = append(all, p.found...)
	}
	return all
}

// challengeParser reads one line.
type challengeParser struct {
	rest  string
	found []authChallenge
}

// parseNext reads a scheme or a parameter, whichever comes, and reports whether there
// may be more. A comma stands between parameters and between challenges alike, so
// only the "=" tells which it is.
func (p *challengeParser) parseNext() bool {
	p.rest = strings.TrimLeft(p.rest, " \t,")
	if p.rest == "" {
		return false
	}
	name := p.parseToken()
	if name == "" {
		p.skipToComma()
		return true
	}
	after := strings.TrimLeft(p.rest, " \t")
	if strings.HasPrefix(after, "=") {
		p.rest = after[1:]
		p.parseParam(strings.ToLower(name))
		return true
	}
	p.found = append(p.found, authChallenge{scheme: strings.ToLower(name), params: map[string]string{}})
	p.skipToken68()
	return true
}

// skipToken68 passes over credentials without names, as in "Negotiate YII=": they
// end in a comma, or with the line.
func (p *challengeParser) skipToken68() {
	s := strings.TrimLeft(p.rest, " \t")
	s = strings.TrimLeft(s, challengeAlnum+"-._~+/")
	s = strings.TrimLeft(s, "=")
	s = strings.TrimLeft(s, " \t")
	if s == "" || s[0] == ',' {
		p.rest = s
	}
}

// parseParam reads the value of a parameter of the last challenge.
func (p *challengeParser) parseParam(name string) {
	p.rest = strings.TrimLeft(p.rest, " \t")
	value, ok := p.parseValue()
	if len(p.found) == 0 {
		return
	}
	c := &p.found[len(p.found)-1]
	if _, twice := c.params[name]; twice || !ok {
		c.broken = true
		return
	}
	c.params[name] = value
}

// parseValue reads a quoted-string or a token, which is not empty.
func (p *challengeParser) parseValue() (string, bool) {
	if strings.HasPrefix(p.rest, `"`) {
		return p.parseQuoted()
	}
	token := p.parseToken()
	return token, token != ""
}

// parseQuoted reads a quoted-string (RFC 9110 5.6.4). One without an end takes the
// whole line with it.
func (p *challengeParser) parseQuoted() (string, bool) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	p.rest = ""
	return "", false
}

const (
	challengeAlnum = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	challengeToken = challengeAlnum + "!#$%&'*+-.^_`|~"
)

func (p *challengeParser) parseToken() string {
	rest := strings.TrimLeft(p.rest, challengeToken)
	token := p.rest[:len(p.rest)-len(rest)]
	p.rest = rest
	return token
}

// skipToComma goes on behind the next comma.
func (p *challengeParser) skipToComma() {
	_, p.rest, _ = strings.Cut(p.rest, ",")
}
