package connector_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

func colons(digest []byte) string {
	return strings.TrimSuffix(fmt.Sprintf("% X", digest), " ")
}

func TestParsePin(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("certificate"))
	plain, b64 := hex.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(sum[:])
	for _, text := range []string{
		plain, strings.ToUpper(plain), strings.ReplaceAll(colons(sum[:]), " ", ":"), b64, "sha256/" + b64, " \t" + plain + "\r\n",
	} {
		pin, err := connector.ParsePin(text)
		if err != nil || !bytes.Equal(pin.Digest(), sum[:]) || pin.String() != plain || pin.IsZero() {
			t.Errorf("%q: got %v, %v", text, pin, err)
		}
		if want := sha256Pin(t, []byte("certificate")); pin != want || pin.Verified() == want {
			t.Errorf("%q: %v is not comparable", text, pin)
		}
	}
	for _, text := range []string{
		"", ":", "::", "abcd", plain[:62], plain + "00", plain[:63] + "g", "sha256/", "sha256/" + plain, "sha1/" + b64,
		b64[:40], b64 + "AAAA", strings.TrimRight(b64, "="), "sha256//" + b64, strings.Repeat("00", 20), strings.Repeat("00", 16),
		base64.StdEncoding.EncodeToString(sum[:20]), plain + " " + plain,
		":" + plain, plain + ":", "a:b" + plain[2:], plain[:2] + "::" + plain[2:],
	} {
		pin, err := connector.ParsePin(text)
		var invalid *errors.InvalidRequestError
		if !errors.As(err, &invalid) || !pin.IsZero() {
			t.Errorf("%q: got %v, %v", text, pin, err)
		}
		if key := strings.HasPrefix(text, "sha256//"); key != strings.Contains(fmt.Sprint(err), "public key") {
			t.Errorf("%q: got %v; only a pin of curl's is that of a public key", text, err)
		}
	}
	slash := append([]byte{0xff}, sum[1:]...)
	text := base64.StdEncoding.EncodeToString(slash)
	pin, err := connector.ParsePin("sha256/" + text)
	if text[0] != '/' || err != nil || !bytes.Equal(pin.Digest(), slash) {
		t.Errorf("sha256/%s: got %v, %v; it is the digest of a certificate", text, pin, err)
	}
}

func TestPinLengths(t *testing.T) {
	t.Parallel()
	for n := range 70 {
		digest := bytes.Repeat([]byte{0xab}, n)
		pin, err := connector.NewPin(digest)
		if ok := n == 32; (err == nil) != ok || pin.IsZero() == ok {
			t.Errorf("%d bytes: got %v, %v", n, pin, err)
		}
		if n == 16 || n == 20 {
			if !strings.Contains(err.Error(), "md5 and sha1 are insecure") {
				t.Errorf("%d bytes: got %v", n, err)
			}
		}
		legacy, err := connector.NewLegacyPin(digest)
		if ok := n == 16 || n == 20 || n == 32; (err == nil) != ok || legacy.IsZero() == ok {
			t.Errorf("%d bytes: got the legacy pin %v, %v", n, legacy, err)
		}
		if err == nil {
			digest[0] = 0
			if got := legacy.Digest(); len(got) != n || got[0] != 0xab {
				t.Errorf("the pin of %d bytes follows the caller's: %x", n, got)
			}
		}
	}
	if zero := (connector.Pin{}); !zero.Verified().IsZero() || zero.Verified() != zero || zero.String() != "" {
		t.Error("the zero pin has become one")
	}
	short, err := connector.NewLegacyPin(make([]byte, 16))
	if long, err2 := connector.NewLegacyPin(make([]byte, 20)); err != nil || err2 != nil || short == long {
		t.Error("digests of zeros are told apart by their length")
	}
}

// FuzzParsePin: what is taken is a digest of 32 bytes whose text is taken again.
func FuzzParsePin(f *testing.F) {
	sum := sha256.Sum256(nil)
	for _, seed := range []string{
		"", hex.EncodeToString(sum[:]), "sha256/" + base64.StdEncoding.EncodeToString(sum[:]),
		strings.ReplaceAll(colons(sum[:]), " ", ":"), "abcd", "sha256/", ":::", strings.Repeat("A", 43) + "=", "\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pin, err := connector.ParsePin(text)
		if err != nil {
			if !pin.IsZero() || !errors.Is(err, errors.ErrInvalidRequest) {
				t.Fatalf("%q: got %v, %v", text, pin, err)
			}
			return
		}
		again, err := connector.ParsePin(pin.String())
		if err != nil || again != pin || len(pin.Digest()) != 32 {
			t.Fatalf("%q: got %v, then %v, %v", text, pin, again, err)
		}
		// Every digit of it was in the text, in one of the two notations.
		bare := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), ":", ""))
		b64 := base64.StdEncoding.EncodeToString(pin.Digest())
		if bare != pin.String() && strings.TrimPrefix(strings.TrimSpace(text), "sha256/") != strings.TrimSpace(b64) &&
			!strings.ContainsAny(text, "\r\n") {
			t.Fatalf("%q became %v", text, pin)
		}
	})
}

// FuzzProxyURL: whatever is given for a proxy, it is refused as what it is, or
// taken, and no error shows a password.
func FuzzProxyURL(f *testing.F) {
	for _, seed := range []string{
		"", "http://proxy.example:3128", "https://u:canary@[::1]:443/", "socks5://u:canary@proxy.example", "socks5h://1.2.3.4",
		"socks4://proxy.example", "ftp://u:canary@proxy", "http://", "http://:80", "http://a:0", "http://a/b", "http://a?b", "//a",
		"http://u:canary%0a@a", "http://u:can ary@a", "http://a b", "http://[fe80::1%25eth0]:80", "http://ü.example", "proxy:3128", "\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := connector.NewProxy(raw, connector.Config{})
		if err == nil {
			c.Close()
			return
		}
		if !errors.Is(err, errors.ErrInvalidURL) && !errors.Is(err, errors.ErrInvalidRequest) {
			t.Fatalf("%q: got %v", raw, err)
		}
		if strings.Contains(raw, ":canary@") && strings.Count(raw, "canary") == 1 && strings.Contains(err.Error(), "canary") {
			t.Fatalf("%q: a secret in %v", raw, err)
		}
	})
}
