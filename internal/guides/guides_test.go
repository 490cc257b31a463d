package guides_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// oauthBelow has oauth2 add the tokens for the origin, below the session: a session's
// cookies, timeouts, retries and redirects stay.
func oauthBelow(source oauth2.TokenSource, origin string) (*session.Session, error) {
	tokens := func(next http.RoundTripper) http.RoundTripper {
		with := &oauth2.Transport{Source: source, Base: next}
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.URL.Scheme+"://"+req.URL.Host != origin { // a redirect leads elsewhere
				return next.RoundTrip(req)
			}
			return with.RoundTrip(req)
		})
	}
	return session.New(session.Config{Middleware: []middleware.Middleware{tokens}})
}

// oauthFetch has the library keep the tokens, and oauth2 fetch them.
func oauthFetch(cfg *clientcredentials.Config, origin string) (*session.Session, error) {
	plain, err := session.New(session.Config{Timeout: session.ClientTimeout{Total: 10 * time.Second}})
	if err != nil {
		return nil, err
	}
	tokens := middleware.TokenSource(middleware.TokenConfig{
		Fetch: func(ctx context.Context) (middleware.Token, error) {
			ctx = context.WithValue(ctx, oauth2.HTTPClient, plain.Client()) // oauth2's own way to be given a client
			t, err := cfg.Token(ctx)
			if err != nil {
				return middleware.Token{}, err
			}
			return middleware.Token{Value: t.AccessToken, Type: t.Type(), Expiry: t.Expiry}, nil
		},
		Origins: []string{origin},
	})
	return session.New(session.Config{Middleware: []middleware.Middleware{tokens}})
}

// signV4 signs what goes to the origin, for AWS and what speaks like it.
func signV4(credentials aws.CredentialsProvider, origin, service, region string, now func() time.Time) middleware.Middleware {
	signer := v4.NewSigner()
	return func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.URL.Scheme+"://"+req.URL.Host != origin { // a redirect leads elsewhere
				return next.RoundTrip(req)
			}
			ctx := req.Context()
			var body []byte
			if req.Body != nil {
				var err error
				body, err = io.ReadAll(req.Body)
				req.Body.Close()
				if err != nil {
					return nil, err
				}
			}
			req = req.Clone(ctx)
			if body != nil {
				middleware.SetBody(req, body)
			}
			sum := sha256.Sum256(body)
			hash := hex.EncodeToString(sum[:])
			req.Header.Set("X-Amz-Content-Sha256", hash)
			keys, err := credentials.Retrieve(ctx)
			if err != nil {
				return nil, err
			}
			if err := signer.SignHTTP(ctx, keys, req, hash, service, region, now()); err != nil {
				return nil, err
			}
			return next.RoundTrip(req)
		})
	}
}

// tokenServer gives out tokens that live for an hour, and counts them.
func tokenServer(t *testing.T) (url string, given *atomic.Int64) {
	t.Helper()
	given = new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("grant_type") != "client_credentials" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprint("token-", given.Add(1)), "token_type": "bearer", "expires_in": 3600})
	}))
	t.Cleanup(srv.Close)
	return srv.URL, given
}

func TestOAuth2(t *testing.T) {
	t.Parallel()
	answer := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Authorization")) }
	other := httptest.NewServer(http.HandlerFunc(answer))
	defer other.Close()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		answer(w, r)
	}))
	defer api.Close()
	for name, open := range map[string]func(*clientcredentials.Config) (*session.Session, error){
		"oauth2's transport": func(cfg *clientcredentials.Config) (*session.Session, error) {
			return oauthBelow(cfg.TokenSource(t.Context()), api.URL)
		},
		"the library's middleware": func(cfg *clientcredentials.Config) (*session.Session, error) { return oauthFetch(cfg, api.URL) },
	} {
		tokens, given := tokenServer(t)
		s, err := open(&clientcredentials.Config{ClientID: "id", ClientSecret: "secret", TokenURL: tokens})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			resp, err := s.Get(t.Context(), api.URL)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if text, err := resp.Text(); err != nil || text != "Bearer token-1" {
				t.Errorf("%s: got %q, %v", name, text, err)
			}
		}
		resp, err := s.Get(t.Context(), api.URL+"/away")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if text, err := resp.Text(); err != nil || text != "" {
			t.Errorf("%s: another origin got %q, %v", name, text, err)
		}
		if n := given.Load(); n != 1 {
			t.Errorf("%s: %d tokens were fetched, want 1", name, n)
		}
		s.Close()
	}
}

func TestSignV4(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("Authorization")+r.Header.Get("X-Amz-Security-Token"))
	}))
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		body, _ := io.ReadAll(r.Body)
		sum := sha256.Sum256(body)
		fmt.Fprintln(w, r.Header.Get("Authorization"), r.Header.Get("X-Amz-Content-Sha256") == hex.EncodeToString(sum[:]), len(body))
	}))
	defer srv.Close()
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"}, nil
	})
	now := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	s, err := session.New(session.Config{
		Jar:        jar.Discard{}, // the signature is for all headers, and cookies may change after it
		Middleware: []middleware.Middleware{middleware.Retry(middleware.RetryPolicy{}), signV4(keys, srv.URL, "execute-api", "eu-central-1", now)},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	resp, err := s.Put(t.Context(), srv.URL+"/things?b=2&a=1", session.JSON(map[string]int{"n": 1}))
	if err != nil {
		t.Fatal(err)
	}
	text, err := resp.Text()
	if err != nil || !strings.HasPrefix(text, "AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-central-1/execute-api/aws4_request") || !strings.HasSuffix(text, " true 7\n") {
		t.Errorf("got %q, %v", text, err)
	}
	resp, err = s.Get(t.Context(), srv.URL+"/away")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := resp.Text(); err != nil || text != "" {
		t.Errorf("another origin got %q, %v", text, err)
	}
}
