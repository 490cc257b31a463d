package jar_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/jar"
)

// TestPrefixes is RFC 6265bis 4.1.3.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		url, line string
		kept      bool
	}{
		{"https://www.example.com/", "__Secure-a=1; Secure", true},
		{"https://www.example.com/", "__Secure-a=1; Secure; Domain=example.com; Path=/x", true},
		{"https://www.example.com/", "__Secure-a=1", false},
		{"http://www.example.com/", "__Secure-a=1; Secure", false},
		{"http://trusted.example/", "__Secure-a=1; Secure", true},
		{"https://www.example.com/", "__Host-a=1; Secure; Path=/", true},
		{"https://www.example.com/x", "__host-a=1; Secure", false},
		{"https://www.example.com/", "__Host-a=1; Secure; Path=/; Domain=www.example.com", false},
		{"https://www.example.com/", "__Host-a=1; Secure; Path=/x", false},
		{"https://localhost/", "__Host-a=1; Secure; Path=/", true},
		{"https://localhost/", "__Host-a=1; Secure; Path=/; Domain=localhost", false},
		{"https://www.example.com/", "__Host-a=1; Path=/", false},
		{"http://www.example.com/", "__Host-a=1; Secure; Path=/", false},
		{"http://www.example.com/", "__SECURE-a=1", false},
		{"http://www.example.com/", "__Hosta=1", true},
		{"http://www.example.com/", "a__Host-=1", true},
	} {
		j := newRejects(jar.Config{TreatAsSecureOrigin: []string{"http://trusted.example"}})
		set(t, j.Jar, test.url, test.line)
		if got := j.Len() == 1; got != test.kept {
			t.Errorf("%s at %s: kept %v, want %v", test.line, test.url, got, test.kept)
		}
		if want := "attributes do not fit the name prefix"; !test.kept && !strings.HasSuffix(strings.Join(j.list, ""), want) {
			t.Errorf("%s: got %q", test.line, j.list)
		}
	}
}

// TestSecureCookiesAreLeftAlone is RFC 6265bis 5.7: who listens in on plain http
// cannot take the place of a Secure cookie.
func TestSecureCookiesAreLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newRejects(jar.Config{})
		set(t, j.Jar, "https://www.example.com/", "a=good; Secure; Path=/login", "p=good; Secure; Domain=example.com", "brief=1; Secure; Max-Age=1")
		const refused = ": would replace a secure cookie over plain http"
		set(t, j.Jar, "http://www.example.com/login/en", "a=evil")
		set(t, j.Jar, "http://www.example.com/", "a=evil; Path=/login", "a=evil; Path=/login; Domain=example.com", "a=; Path=/login; Max-Age=0")
		set(t, j.Jar, "http://www.example.com/", "p=evil", "p=evil; Domain=example.com", "brief=2")
		j.want(t, "a"+refused, "a"+refused, "a"+refused, "a"+refused, "p"+refused, "p"+refused, "brief"+refused)
		wantSent(t, j.Jar, "https://www.example.com/login", "a=good; p=good; brief=1")

		// Elsewhere, or over TLS, there is nothing against it.
		set(t, j.Jar, "http://www.example.com/", "a=other; Path=/logi", "b=1")
		set(t, j.Jar, "https://www.example.com/", "a=secure; Path=/login; Secure")
		set(t, j.Jar, "https://www.example.com/", "p=new; Domain=example.com")
		time.Sleep(time.Second)
		set(t, j.Jar, "http://www.example.com/", "brief=3")
		j.Update([]*http.Cookie{{Name: "a", Value: "shared"}}, nil)
		set(t, j.Jar, "http://third.example/", "a=1")
		j.want(t)
		wantSent(t, j.Jar, "https://www.example.com/login", "a=secure; p=new; b=1; brief=3")
	})
}

// TestInsecureOrigins: what plain http may do to the cookies that there are, alone
// and with others, by every overlap of domains and paths (RFC 6265bis 5.7).
func TestInsecureOrigins(t *testing.T) {
	t.Parallel()
	const (
		secure = "https://www.example.com/ sid=good; Secure; Path=/; Domain=www.example.com"
		hides  = "sid: would replace a secure cookie over plain http"
		own    = "sid: secure cookie over plain http"
	)
	for name, test := range map[string]struct {
		before, origin, line string
		want                 string // why it is refused, or nothing
	}{
		"Secure replaces":               {secure, "http://www.example.com/", "sid=EVIL; Secure; Domain=www.example.com", own},
		"Secure removes":                {secure, "http://www.example.com/", "sid=; Secure; Max-Age=0; Domain=www.example.com", own},
		"Secure removes by date":        {secure, "http://www.example.com/", "sid=; Secure; Expires=Thu, 01 Jan 1970 00:00:00 GMT", own},
		"Secure where there is nothing": {"", "http://www.example.com/", "sid=EVIL; Secure", own},
		"Secure over ws":                {"", "ws://www.example.com/", "sid=EVIL; Secure", own},
		"Secure at an address":          {"", "http://127.0.0.1/", "sid=EVIL; Secure", own},
		"Secure at localhost":           {"", "http://localhost/", "sid=EVIL; Secure", own},
		"removes":                       {secure, "http://www.example.com/", "sid=; Max-Age=0; Domain=www.example.com", hides},
		"removes nothing":               {secure, "http://www.example.com/", "sid=; Max-Age=0", hides},
		"removes by date":               {secure, "http://www.example.com/", "sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", hides},
		"the domain above":              {secure, "http://other.example.com/", "sid=EVIL; Domain=example.com", hides},
		"the domain above, host only":   {secure, "http://example.com/", "sid=EVIL", hides},
		"two domains above":             {"https://a.b.c.d.example.com/ sid=good; Secure", "http://c.d.example.com/", "sid=EVIL; Domain=example.com", hides},
		"above, below many labels":      {"https://a.b.c.d.example.com/ sid=good; Secure", "http://c.d.example.com/", "sid=EVIL; Domain=c.d.example.com", hides},
		"a domain below":                {"https://www.example.com/ sid=good; Secure; Domain=example.com", "http://a.www.example.com/", "sid=EVIL", hides},
		"a path below":                  {secure, "http://www.example.com/a/b", "sid=EVIL", hides},
		"beside, below many labels":     {"https://a.b.c.d.example.com/ sid=good; Secure", "http://x.c.d.example.com/", "sid=1; Domain=x.c.d.example.com", ""},
		"a domain beside":               {secure, "http://other.example.com/", "sid=1", ""},
		"a name that ends alike":        {secure, "http://ample.com/", "sid=1", ""},
		"a path above":                  {"https://www.example.com/ sid=good; Secure; Path=/login", "http://www.example.com/", "sid=1; Path=/", ""},
		"another name":                  {secure, "http://www.example.com/", "SID=1", ""},
		"not Secure before":             {"https://www.example.com/ sid=old", "http://www.example.com/", "sid=1", ""},
		"over TLS":                      {secure, "https://www.example.com/", "sid=1; Domain=example.com", ""},
		"trusted":                       {secure, "http://trusted.example.com/", "sid=1; Secure; Domain=example.com", ""},
		"trusted removes":               {secure, "http://trusted.example.com/", "sid=; Max-Age=0; Domain=example.com", ""},
		"trusted at another port":       {secure, "http://trusted.example.com:81/", "sid=1; Domain=example.com", hides},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newRejects(jar.Config{Unsafe: true, TreatAsSecureOrigin: []string{"http://trusted.example.com"}})
			origin, line, ok := strings.Cut(test.before, " ")
			if ok {
				set(t, j.Jar, origin, line)
			}
			set(t, j.Jar, test.origin, test.line)
			if test.want == "" {
				j.want(t)
			} else {
				j.want(t, test.want)
			}
			if ok && test.want != "" {
				wantSent(t, j.Jar, origin+"login", "sid=good")
			}
			if problem := jar.Consistent(j.Jar); problem != "" {
				t.Error(problem)
			}
		})
	}
}

// TestExpiry is RFC 6265 5.2.1, 5.2.2 and 5.3: which of the attributes counts. The
// clock of a bubble starts with the year 2000.
func TestExpiry(t *testing.T) {
	t.Parallel()
	const date = "; Expires=Sat, 01 Jan 2000 0"
	for _, test := range []struct {
		attributes string
		lives      time.Duration // 0: not at all, -1: with the session
	}{
		{"", -1},
		{"; Max-Age=10", 10 * time.Second},
		{"; Max-Age=0", 0},
		{"; Max-Age=-5", 0},
		{"; Max-Age=x", -1},
		{date + "0:00:10 GMT", 10 * time.Second},
		{date + "0:00:00 GMT", 0},
		{"; Expires=Fri, 31 Dec 1999 23:59:59 GMT", 0},
		{"; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"; Expires=soon", -1},
		{"; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 10 * time.Second},
		{date + "1:00:00 GMT; Max-Age=10", 10 * time.Second},
		{date + "1:00:00 GMT; Max-Age=0", 0},
		{"; Max-Age=x" + date + "0:00:10 GMT", 10 * time.Second},
		{"; Max-Age=99999999999999999999999", -1},
		{"; Max-Age=" + strconv.Itoa(1<<31-1), -1},
	} {
		t.Run(test.attributes, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testExpiry(t, "a=1"+test.attributes, test.lives) })
		})
	}
}

func testExpiry(t *testing.T, line string, lives time.Duration) {
	j := jar.New(jar.Config{})
	set(t, j, "http://example.com/", "a=old; Max-Age=3", line)
	switch {
	case lives == 0:
		if j.Len() != 0 || sent(t, j, "http://example.com/") != "" {
			t.Error("still there")
		}
	case lives < 0:
		time.Sleep(1000 * time.Hour)
		wantSent(t, j, "http://example.com/", "a=1")
	default:
		time.Sleep(lives - time.Nanosecond)
		wantSent(t, j, "http://example.com/", "a=1")
		time.Sleep(time.Nanosecond)
		wantSent(t, j, "http://example.com/", "")
		if j.Len() != 0 {
			t.Errorf("still there after %v", lives)
		}
	}
}

// TestExpiryIsCut: no date is after the year 9999, where JSON and others end.
func TestExpiryIsCut(t *testing.T) {
	t.Parallel()
	j := jar.New(jar.Config{})
	j.SetCookies(parseURL(t, "http://example.com/"), []*http.Cookie{
		{Name: "a", Value: "1", MaxAge: int(^uint(0) >> 1)},
		{Name: "b", Value: "1", Expires: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Name: "c", Value: "1", Expires: time.Date(100, 1, 1, 0, 0, 0, 0, time.UTC)},
	})
	want := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	n := 0
	for c := range j.All() {
		n++
		if c.Name == "b" && !c.Expires.Equal(want) || c.Expires.After(want) {
			t.Errorf("%s: got %v", c.Name, c.Expires)
		}
	}
	if n != 2 {
		t.Errorf("got %d cookies, want 2", n)
	}
}

// TestOldDeadlineIsForgotten: a cookie that comes again without an expiry, or
// after its removal, does not end when the old one would have.
func TestOldDeadlineIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := jar.New(jar.Config{})
		set(t, j, "http://example.com/", "a=1; Max-Age=5", "b=1; Max-Age=5", "c=1; Max-Age=5")
		set(t, j, "http://example.com/", "a=2", "b=; Max-Age=0", "c=2; Max-Age=20")
		set(t, j, "http://example.com/", "b=2")
		time.Sleep(10 * time.Second)
		wantSent(t, j, "http://example.com/", "a=2; c=2; b=2")
		time.Sleep(10 * time.Second)
		wantSent(t, j, "http://example.com/", "a=2; b=2")
	})
}

// TestExpiredCookiesLeave: what expires does not stay in memory, whoever asks.
func TestExpiredCookiesLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := jar.New(jar.Config{})
		for i := range 100 {
			set(t, j, "http://host"+strconv.Itoa(i)+".example/", "a=1; Max-Age=5")
		}
		time.Sleep(5 * time.Second)
		if got := jar.Stored(j); got != 100 {
			t.Fatalf("got %d, want 100", got)
		}
		for range 3 {
			sent(t, j, "http://other.example/")
		}
		if got := jar.Stored(j); got != 100-3*16 {
			t.Errorf("after three requests: got %d, want %d", got, 100-3*16)
		}
		if j.Len() != 0 || jar.Stored(j) != 0 {
			t.Errorf("got %d cookies and %d stored", j.Len(), jar.Stored(j))
		}
	})
}

// TestReturnAfterExpiry: a cookie that comes back after its end is a new one.
func TestReturnAfterExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := jar.New(jar.Config{})
		set(t, j, "http://example.com/", lines(100, "; Max-Age=5")...) // more than one call removes
		set(t, j, "http://example.com/", "again=1; Max-Age=6", "stays=1")
		time.Sleep(6 * time.Second)
		set(t, j, "http://example.com/", "again=2")
		for c := range j.All() {
			if c.Name == "again" && !c.Created.Equal(time.Now()) {
				t.Errorf("created %v ago", time.Since(c.Created))
			}
		}
		wantSent(t, j, "http://example.com/", "stays=1; again=2")
	})
}

// TestFilterKeepsNothing: a request leaves no trace of its URL in the jar.
func TestFilterKeepsNothing(t *testing.T) {
	t.Parallel()
	j := jar.New(jar.Config{})
	set(t, j, "http://example.com/", "a=1; Domain=example.com")
	for i := range 1000 {
		sent(t, j, "http://h"+strconv.Itoa(i)+".example.com/"+strconv.Itoa(i))
		j.Filter(parseURL(t, "http://other"+strconv.Itoa(i)+".example/"))
	}
	if got := jar.Domains(j); got != 1 {
		t.Errorf("got %d domains, want 1", got)
	}
}
