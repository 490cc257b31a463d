// Package jar keeps cookies between requests. A [Jar] is a
// [net/http.CookieJar], so it works in any [net/http.Client]; beyond that it
// can be listed, counted, cleared by a rule, saved and loaded, and it says why
// it did not keep a cookie. (aiohttp: CookieJar)
//
//	j := jar.New(jar.Config{})
//	client := &http.Client{Jar: j}
//	…
//	for c := range j.All() {
//		fmt.Println(c.Domain, c.Name)
//	}
//	err := j.Save("cookies.json")
//
// # Rules
//
// Cookies are kept and sent as RFC 6265 says, with these rules of its successor
// (RFC 6265bis): the name prefixes __Host- and __Secure-, the refusal of control
// characters, the limit of 4096 bytes for name and value, and that plain http
// neither sets nor hides, replaces or removes a Secure cookie, unless its origin is
// in [Config.TreatAsSecureOrigin]. SameSite and Partitioned are kept, not
// enforced: a client has no site that it is at.
//
// A cookie for a public suffix ("co.uk"), or for a domain as short as that of its host,
// is refused, those of hosts that are IP addresses too; [Config] has the switches. A
// Domain attribute with a dot at its end counts as none (RFC 6265 ignores the cookie),
// and a value in quotes may hold a semicolon (RFC 6265 ends it there): as in aiohttp. Cookies are sent with the longest
// path first, then the oldest. What a server set goes back byte for byte.
//
// # Shared cookies
//
// A cookie that is given to [Jar.Update] with neither a URL nor a domain is
// shared: it is sent to every host, IP addresses included, unless a host has a
// cookie of its own by that name. (aiohttp: ClientSession(cookies=…))
//
// # Files
//
// [Jar.Save] and [Jar.Load] use the JSON layout of aiohttp's CookieJar.save, so
// that a program in Python can go on where one in Go stopped, and the other way
// round. [Jar.SaveNetscape] and [Jar.LoadNetscape] use cookies.txt as curl, wget,
// Python and yt-dlp do. Files hold secrets: they are written with mode 0600, and replaced in
// one step.
//
// # Names in aiohttp
//
//	CookieJar                   Jar
//	CookieJar(unsafe=…)         Config.Unsafe
//	CookieJar(quote_cookie=…)   Config.QuoteCookie
//	treat_as_secure_origin      Config.TreatAsSecureOrigin
//	update_cookies              Jar.Update, Jar.SetCookieHeaders
//	filter_cookies              Jar.Filter, Jar.Cookies
//	len(jar), iter(jar)         Jar.Len, Jar.All
//	clear, clear_domain         Jar.Clear, Jar.ClearDomain
//	save, load                  Jar.Save, Jar.Load
//	DummyCookieJar              Discard
package jar
