//go:build interop && linux

package interop_test

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

const apacheModules = "/usr/lib/apache2/modules/"

const apacheConfig = `
ServerRoot $(dir)
ServerName apache.test
PidFile $(dir)/httpd.pid
Mutex file:$(dir)
DefaultRuntimeDir $(dir)
Listen $(addr)
LoadModule mpm_event_module $(modules)mod_mpm_event.so
LoadModule authn_core_module $(modules)mod_authn_core.so
LoadModule authn_file_module $(modules)mod_authn_file.so
LoadModule authz_core_module $(modules)mod_authz_core.so
LoadModule authz_user_module $(modules)mod_authz_user.so
LoadModule auth_digest_module $(modules)mod_auth_digest.so
LoadModule auth_basic_module $(modules)mod_auth_basic.so
User www-data
Group www-data
ErrorLog $(dir)/error.log
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 16
KeepAlive On
DocumentRoot $(dir)/www
<Directory $(dir)/www>
	Require all granted
</Directory>
<Location /digest>
	AuthType Digest
	AuthName "the realm"
	AuthDigestProvider file
	AuthUserFile $(users)
	AuthDigestNonceLifetime 1
	Require valid-user
</Location>
`

// startApache runs one that wants Digest below /digest, for a user and password,
// with nonces that live for a second.
func startApache(t *testing.T, user, password string) string {
	t.Helper()
	program(t, "apache2")
	dir := workDir(t)
	addr := freeAddr(t)
	ha1 := md5.Sum([]byte(user + ":the realm:" + password))
	config := expand(apacheConfig, map[string]string{
		"dir": dir, "addr": addr, "modules": apacheModules,
		"users": file(t, dir, "users", user+":the realm:"+hex.EncodeToString(ha1[:])+"\n"),
	})
	mkdir(t, dir+"/www")
	mkdir(t, dir+"/www/digest")
	file(t, dir+"/www/digest", "page.txt", "protected\n")
	file(t, dir+"/www", "page.txt", "open\n")
	if err := os.Chmod(dir, 0o777); err != nil { // for its mutexes, as www-data
		t.Fatal(err)
	}
	start(t, dir, []string{addr}, "apache2", "-DFOREGROUND", "-f", file(t, dir, "httpd.conf", config))
	return "http://" + addr
}

// counter counts the challenges that pass it.
type counter struct{ challenges, stale atomic.Int32 }

func (c *counter) middleware(next http.RoundTripper) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && resp.StatusCode == http.StatusUnauthorized {
			c.challenges.Add(1)
			if strings.Contains(strings.ToLower(resp.Header.Get("Www-Authenticate")), "stale=true") {
				c.stale.Add(1)
			}
		}
		return resp, err
	})
}

func TestInteropApacheDigest(t *testing.T) {
	t.Parallel()
	base := startApache(t, "müller", "grüße: 1")
	var n counter
	s := newSession(t, connector.Config{},
		middleware.Digest(middleware.DigestConfig{Login: "müller", Password: "grüße: 1"}), n.middleware)
	resp, text := get(t, s, base+"/page.txt")
	if wantStatus(t, resp, http.StatusOK); text != "open\n" || n.challenges.Load() != 0 {
		t.Errorf("unprotected: got %q", text)
	}
	// The query and a second page belong to what is signed.
	for _, path := range []string{"/digest/page.txt", "/digest/page.txt?a=b&c", "/digest/page.txt"} {
		resp, text = get(t, s, base+path)
		if wantStatus(t, resp, http.StatusOK); text != "protected\n" {
			t.Errorf("%s: got %q", path, text)
		}
	}
	if got := n.challenges.Load(); got != 1 {
		t.Errorf("%d challenges, want 1", got)
	}
	resp, err := s.Post(t.Context(), base+"/digest/page.txt", session.Text("body"))
	resp, _ = taken(t, resp, err)
	if resp.StatusCode == http.StatusUnauthorized {
		t.Error("POST: refused")
	}
	// A nonce that is too old is replaced, and nobody notices.
	eventually(t, "a nonce is stale", func() bool {
		resp, _ := get(t, s, base+"/digest/page.txt")
		wantStatus(t, resp, http.StatusOK)
		return n.stale.Load() > 0
	})
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			resp, err := s.Get(t.Context(), base+"/digest/page.txt")
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Close()
			wantStatus(t, resp, http.StatusOK)
		})
	}
	wg.Wait()
}

func TestInteropApacheDigestWrong(t *testing.T) {
	t.Parallel()
	base := startApache(t, "me", "secret")
	var n counter
	s := newSession(t, connector.Config{},
		middleware.Digest(middleware.DigestConfig{Login: "me", Password: "wrong"}), n.middleware)
	resp, _ := get(t, s, base+"/digest/page.txt", session.Timeout(10*time.Second))
	wantStatus(t, resp, http.StatusUnauthorized)
	if got := n.challenges.Load(); got != 2 {
		t.Errorf("%d challenges, want 2: one to learn and one that refuses", got)
	}
}
