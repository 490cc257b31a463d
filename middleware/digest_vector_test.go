package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
)

// TestDigestVectors are the examples of the RFCs; that of RFC 2069 is as its
// erratum has it. What RFC 7616 3.9.2 prints is a truncated SHA-512 and not
// SHA-512/256: here are its inputs, with values that Python's hashlib computed.
func TestDigestVectors(t *testing.T) {
	t.Parallel()
	const (
		rfc7616 = `realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`
		cnonce  = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
		rfc2617 = `realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`
	)
	tests := []struct {
		name, login, password, url, challenge, cnonce string
		want                                          []string
		without                                       string
	}{
		{
			name: "RFC 7616 3.9.1, MD5", login: "Mufasa", password: "Circle of Life", url: "http://www.example.org/dir/index.html",
			challenge: strings.Replace(rfc7616, ", auth-int", "", 1) + ", algorithm=MD5", cnonce: cnonce,
			want: []string{
				`username="Mufasa"`, `realm="http-auth@example.org"`, `uri="/dir/index.html"`, "algorithm=MD5", "nc=00000001", "qop=auth",
				`cnonce="` + cnonce + `"`, `response="8ca523f5e9506fed4657c9700eebdbec"`, `opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
			},
		},
		{
			name: "RFC 7616 3.9.1, SHA-256", login: "Mufasa", password: "Circle of Life", url: "http://www.example.org/dir/index.html",
			challenge: strings.Replace(rfc7616, ", auth-int", "", 1) + ", algorithm=SHA-256", cnonce: cnonce,
			want: []string{"algorithm=SHA-256", `response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"`},
		},
		{
			name: "RFC 7616 3.9.2, SHA-512-256", login: "Jäsøn Doe", password: "Secret, or not?", url: "http://api.example.org/doe.json",
			challenge: `realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true`,
			cnonce:    "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
			want: []string{
				`username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"`, "userhash=true", "algorithm=SHA-512-256",
				`response="7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c"`,
			},
		},
		{
			name: "RFC 2617 3.5", login: "Mufasa", password: "Circle Of Life", url: "http://www.nowhere.org/dir/index.html",
			challenge: rfc2617 + `, qop="auth"`, cnonce: "0a4f113b", without: "algorithm",
			want: []string{`response="6629fae49393a05397450978507c4ef1"`, `opaque="5ccc069c403ebaf9f0171e9517f40e41"`, "nc=00000001", `cnonce="0a4f113b"`},
		},
		{
			name: "RFC 2069 2.4", login: "Mufasa", password: "CircleOfLife", url: "http://www.nowhere.org/dir/index.html",
			challenge: rfc2617, cnonce: "unused", without: "nonce=\"unused",
			want: []string{`response="1949323746fe6a43ef61f9606e7febea"`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rt := &stub{steps: []stubStep{stubStatus(401, "", "Www-Authenticate", "Digest "+tt.challenge), stubStatus(200, "in")}}
			digest := middleware.DigestKnown(middleware.DigestConfig{Login: tt.login, Password: tt.password}, tt.cnonce)(rt)
			if code, _, err := roundTrip(t, digest, newRequest(t, "GET", tt.url, nil)); code != 200 {
				t.Fatalf("got %d %v", code, err)
			}
			got := rt.request(1).Header.Get("Authorization")
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %s in\n%s", want, got)
				}
			}
			if tt.without != "" && strings.Contains(got, tt.without) {
				t.Errorf("%s in\n%s", tt.without, got)
			}
		})
	}
}

// TestDigestHeader is the whole header for challenges of all kinds.
func TestDigestHeader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, login, method, url, body, challenge string
		want                                      string
	}{
		{
			"quotes and backslashes", `a"b\c`, "GET", "http://h/p", "", `realm="r\"s", nonce="n"`,
			`Digest username="a\"b\\c", realm="r\"s", nonce="n", uri="/p", response="` + md5Of(md5Of(`a"b\c:r"s:pw`)+":n:"+md5Of("GET:/p")) + `"`,
		},
		{
			"the path as sent", "u", "GET", "http://h/a%20b?q=%C3%A4&r", "", `realm="", nonce="n", qop="auth"`,
			`Digest username="u", realm="", nonce="n", uri="/a%20b?q=%C3%A4&r", response="` +
				md5Of(md5Of("u::pw")+":n:00000001:cn:auth:"+md5Of("GET:/a%20b?q=%C3%A4&r")) + `", qop=auth, nc=00000001, cnonce="cn"`,
		},
		{
			"case of the algorithm", "u", "GET", "http://h/", "", `realm="r", nonce="n", algorithm=mD5-seSS, opaque=""`,
			`Digest username="u", realm="r", nonce="n", uri="/", response="` +
				md5Of(md5Of(md5Of("u:r:pw")+":n:cn")+":n:"+md5Of("GET:/")) + `", algorithm=mD5-seSS, opaque="", cnonce="cn"`,
		},
		{
			"auth-int", "u", "PUT", "http://h/", "the body", `realm="r", nonce="n", qop="auth,auth-int"`,
			`Digest username="u", realm="r", nonce="n", uri="/", response="` +
				md5Of(md5Of("u:r:pw")+":n:00000001:cn:auth-int:"+md5Of("PUT:/:"+md5Of("the body"))) + `", qop=auth-int, nc=00000001, cnonce="cn"`,
		},
		{
			"auth-int without body", "u", "GET", "http://h/", "", `realm="r", nonce="n", qop=auth-int`,
			`Digest username="u", realm="r", nonce="n", uri="/", response="` +
				md5Of(md5Of("u:r:pw")+":n:00000001:cn:auth-int:"+md5Of("GET:/:"+md5Of(""))) + `", qop=auth-int, nc=00000001, cnonce="cn"`,
		},
		{
			"login in UTF-8", "ä b", "GET", "http://h/", "", `realm="r", nonce="n", charset="utf-8"`,
			`Digest username*=UTF-8''%C3%A4%20b, realm="r", nonce="n", uri="/", response="` +
				md5Of(md5Of("ä b:r:pw")+":n:"+md5Of("GET:/")) + `"`,
		},
		{
			"login, as it is", "ä", "GET", "http://h/", "", `realm="r", nonce="n"`,
			`Digest username="ä", realm="r", nonce="n", uri="/", response="` + md5Of(md5Of("ä:r:pw")+":n:"+md5Of("GET:/")) + `"`,
		},
		{
			"method is empty", "u", "", "http://h/", "", `realm="r", nonce="n"`,
			`Digest username="u", realm="r", nonce="n", uri="/", response="` + md5Of(md5Of("u:r:pw")+":n:"+md5Of("GET:/")) + `"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rt := &stub{steps: []stubStep{stubStatus(401, "", "Www-Authenticate", "Digest "+tt.challenge), stubStatus(200, "")}}
			req := newRequest(t, tt.method, tt.url, nil)
			if tt.body != "" {
				req = newRequest(t, tt.method, tt.url, strings.NewReader(tt.body))
			}
			req.Method = tt.method
			digest := middleware.DigestKnown(middleware.DigestConfig{Login: tt.login, Password: "pw"}, "cn")(rt)
			if code, _, err := roundTrip(t, digest, req); code != 200 {
				t.Fatalf("got %d %v", code, err)
			}
			if got := rt.request(1).Header.Get("Authorization"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if rt.bodies[1] != tt.body {
				t.Errorf("sent %q after signing", rt.bodies[1])
			}
		})
	}
}

// TestDigestAlgorithms: which are known, and how long their answers are.
func TestDigestAlgorithms(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{
		"MD5": 32, "SHA": 40, "SHA-256": 64, "SHA256": 64, "SHA-512-256": 64, "SHA-512": 128, "SHA512": 128, "sha-256": 64,
		"SHA-1024": 0, "MD4": 0, "-sess": 32,
	} {
		for _, sess := range []string{"", "-sess", "-SESS"} {
			rt := &stub{steps: []stubStep{stubStatus(401, "", "Www-Authenticate", `Digest realm="r", nonce="n", qop="auth", algorithm=`+name+sess), stubStatus(200, "")}}
			code, _, err := roundTrip(t, middleware.Digest(middleware.DigestConfig{Login: "u"})(rt), newRequest(t, "GET", "http://h/", nil))
			if name == "-sess" && sess != "" {
				continue // it is no name
			}
			if want := map[bool]int{true: 401, false: 200}[size == 0]; code != want || err != nil {
				t.Errorf("%s%s: got %d %v, want %d", name, sess, code, err, want)
				continue
			}
			if size > 0 {
				_, params := middleware.AuthChallenges(rt.request(1).Header[http.CanonicalHeaderKey("Authorization")]...)
				if got := params[0]["response"]; len(got) != size || params[0]["algorithm"] != name+sess {
					t.Errorf("%s%s: got %v", name, sess, params[0])
				}
			}
		}
	}
}
