package jar

import "net/http"

// Reason says why a jar did not keep a cookie, in words for a log.
type Reason string

// The reasons.
const (
	// ReasonSyntax: the line, of a header or of a cookies.txt, is no cookie; the Raw
	// field has the line.
	ReasonSyntax Reason = "not a cookie"
	// ReasonName: the name is empty, or has a control character, "=" or ";".
	ReasonName Reason = "name with a forbidden character"
	// ReasonValue: the value has a control character or an unquoted ";".
	ReasonValue Reason = "value with a forbidden character"
	// ReasonSize: name and value have more than 4096 bytes together.
	ReasonSize Reason = "name and value above 4096 bytes"
	// ReasonScheme: the URL is not one of http, https, ws, wss.
	ReasonScheme Reason = "not an http url"
	// ReasonHost: the URL has no host, or one that cannot be.
	ReasonHost Reason = "url without a usable host"
	// ReasonIP: the host is an IP address, and [Config.Unsafe] is not set.
	ReasonIP Reason = "host is an ip address"
	// ReasonDomain: the Domain attribute is not the host or a parent of it.
	ReasonDomain Reason = "domain does not match the host"
	// ReasonPublicSuffix: the Domain attribute is a public suffix, or as short as
	// that of the host.
	ReasonPublicSuffix Reason = "domain is a public suffix"
	// ReasonPrefix: the name starts with __Host- or __Secure-, and the cookie is
	// not what that promises.
	ReasonPrefix Reason = "attributes do not fit the name prefix"
	// ReasonNotSecure: it is Secure, and came over plain http.
	ReasonNotSecure Reason = "secure cookie over plain http"
	// ReasonSecure: it came over plain http and would hide or remove a Secure
	// cookie of the same domain, or of one above or below.
	ReasonSecure Reason = "would replace a secure cookie over plain http"
	// ReasonDomainLimit: it was kept, and later had to go because its domain has
	// more than [Config.MaxPerDomain].
	ReasonDomainLimit Reason = "evicted: too many cookies in the domain"
	// ReasonTotalLimit: it was kept, and later had to go because the jar has more
	// than [Config.MaxTotal].
	ReasonTotalLimit Reason = "evicted: too many cookies in the jar"
)

// rejection is one call of Config.OnReject that is due.
type rejection struct {
	cookie *http.Cookie
	reason Reason
}

// reportRejections calls OnReject, without the lock, so that it may use the jar.
func (j *Jar) reportRejections(rejections []rejection) {
	if j.config.OnReject == nil {
		return
	}
	for _, r := range rejections {
		j.config.OnReject(r.cookie, r.reason)
	}
}
