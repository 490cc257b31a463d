package connector_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
)

// TestConfigErrorsSayWhatToDo: the text of a refusal is enough to mend the call.
func TestConfigErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		cfg  connector.Config
		want string
	}{
		{"credentials for no proxy", connector.Config{ProxyAuth: url.User("a")}, "invalid ProxyAuth: needs a Proxy"},
		{"header for no proxy", connector.Config{ProxyHeader: http.Header{"A": {"b"}}}, "invalid ProxyHeader: needs a Proxy"},
		{"proxy without a scheme", connector.Config{Proxy: "127.0.0.1:3128"}, "invalid url 127.0.0.1:3128: proxy cannot be parsed: no scheme, such as http:// or https://, before the host"},
	} {
		if _, err := connector.New(test.cfg); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}
