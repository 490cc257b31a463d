package errors_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// tree is every class with its parents.
var tree = map[error][]error{
	errors.ErrTimeout:                    {os.ErrDeadlineExceeded},
	errors.ErrClient:                     nil,
	errors.ErrTotalTimeout:               {errors.ErrClient, errors.ErrTimeout, context.DeadlineExceeded},
	errors.ErrSessionClosed:              {errors.ErrClient},
	errors.ErrClientResponse:             {errors.ErrClient},
	errors.ErrContentType:                {errors.ErrClientResponse},
	errors.ErrWSServerHandshake:          {errors.ErrClientResponse},
	errors.ErrClientHTTPProxy:            {errors.ErrClientResponse},
	errors.ErrTooManyRedirects:           {errors.ErrClientResponse},
	errors.ErrBadHTTPMessage:             {errors.ErrClientResponse},
	errors.ErrClientConnection:           {errors.ErrClient},
	errors.ErrConnectorClosed:            {errors.ErrClientConnection},
	errors.ErrConnectionClosed:           {errors.ErrClientConnection},
	errors.ErrClientConnectionReset:      {errors.ErrClientConnection, syscall.ECONNRESET},
	errors.ErrClientOS:                   {errors.ErrClientConnection},
	errors.ErrClientConnector:            {errors.ErrClientOS},
	errors.ErrClientConnectorDNS:         {errors.ErrClientConnector},
	errors.ErrAddressRefused:             {errors.ErrClientConnector},
	errors.ErrClientProxyConnection:      {errors.ErrClientConnector},
	errors.ErrUnixClientConnector:        {errors.ErrClientConnector},
	errors.ErrClientSSL:                  {errors.ErrClientConnector},
	errors.ErrClientConnectorSSL:         {errors.ErrClientSSL},
	errors.ErrClientConnectorCertificate: {errors.ErrClientSSL},
	errors.ErrServerConnection:           {errors.ErrClientConnection},
	errors.ErrServerDisconnected:         {errors.ErrServerConnection},
	errors.ErrServerFingerprintMismatch:  {errors.ErrServerConnection},
	errors.ErrServerTimeout:              {errors.ErrServerConnection, errors.ErrTimeout},
	errors.ErrConnectionTimeout:          {errors.ErrServerTimeout},
	errors.ErrSocketTimeout:              {errors.ErrServerTimeout},
	errors.ErrClientPayload:              {errors.ErrClient},
	errors.ErrContentEncoding:            {errors.ErrClientPayload},
	errors.ErrContentLength:              {errors.ErrClientPayload},
	errors.ErrTransferEncoding:           {errors.ErrClientPayload},
	errors.ErrBodyTooLarge:               {errors.ErrClientPayload},
	errors.ErrIncompleteRead:             {errors.ErrClientPayload},
	errors.ErrBodyNotReplayable:          {errors.ErrClientPayload},
	errors.ErrInvalidRequest:             {errors.ErrClient},
	errors.ErrInvalidURL:                 {errors.ErrInvalidRequest},
	errors.ErrInvalidURLClient:           {errors.ErrInvalidURL},
	errors.ErrNonHTTPURLClient:           {errors.ErrInvalidURL},
	errors.ErrRedirectClient:             {errors.ErrClient},
	errors.ErrInvalidURLRedirectClient:   {errors.ErrInvalidURLClient, errors.ErrRedirectClient},
	errors.ErrNonHTTPURLRedirectClient:   {errors.ErrNonHTTPURLClient, errors.ErrRedirectClient},
	errors.ErrWSMessageType:              {errors.ErrClient},
	errors.ErrRateLimit:                  {errors.ErrClient},
	errors.ErrConcurrency:                {errors.ErrClient},
	errors.ErrCircuitOpen:                {errors.ErrClient},
	errors.ErrNoBackend:                  {errors.ErrClientConnector},
	errors.ErrToken:                      {errors.ErrClient},
}

func ancestors(class error) map[error]bool {
	set := map[error]bool{class: true}
	for _, p := range tree[class] {
		for a := range ancestors(p) {
			set[a] = true
		}
	}
	return set
}

const canary = "s3cr3t-canary"

// secretInfo is a request with a secret wherever one may be.
func secretInfo() errors.RequestInfo {
	u := &url.URL{
		Scheme: "https", User: url.UserPassword(canary, canary), Host: "example.com", Path: "/p",
		RawQuery: "token=" + canary + "&" + canary, Fragment: canary,
	}
	return errors.RequestInfo{Method: "GET", URL: u, RealURL: u, Header: http.Header{
		"Authorization": {canary}, "Cookie": {canary}, "Proxy-Authorization": {canary}, "X-Api-Key": {canary},
	}}
}

// samples is one error of every struct and kind, with the class that it is of.
func samples() map[error]error {
	cause := io.ErrUnexpectedEOF
	resp := errors.ClientResponseError{
		RequestInfo: secretInfo(), Status: 404, Message: "Not Found", Err: cause,
		Header: http.Header{"Set-Cookie": {canary}}, Body: []byte(canary),
	}
	conn := errors.ClientConnectorError{Host: "example.com", Port: 443, TLS: true, Op: "dial", Err: cause}
	ssl := errors.ClientSSLError{ClientConnectorError: conn}
	timeout := func(kind error) error {
		return &errors.TimeoutError{Kind: kind, Phase: errors.PhaseBody, Limit: time.Second, Elapsed: time.Second, Host: "h:80", Err: cause}
	}
	invalid := func(kind error) error {
		e := errors.NewInvalidURL("http://u:"+canary+"@h:"+canary+"/?k="+canary+"#"+canary, "cannot be parsed", nil)
		e.Kind, e.Err = kind, cause
		return e
	}
	payload := func(kind error) error {
		return &errors.ClientPayloadError{Received: 5, Expected: 10, Kind: kind, Err: cause}
	}
	info := secretInfo()
	return map[error]error{
		&resp:                                         errors.ErrClientResponse,
		&errors.ContentTypeError{resp}:                errors.ErrContentType,
		&errors.WSServerHandshakeError{resp}:          errors.ErrWSServerHandshake,
		&errors.ClientHTTPProxyError{resp}:            errors.ErrClientHTTPProxy,
		&errors.TooManyRedirects{resp}:                errors.ErrTooManyRedirects,
		&errors.BadHTTPMessageError{resp}:             errors.ErrBadHTTPMessage,
		&errors.ClientOSError{Op: "read", Err: cause}: errors.ErrClientOS,
		&conn:                                    errors.ErrClientConnector,
		&errors.ClientConnectorDNSError{conn}:    errors.ErrClientConnectorDNS,
		&errors.ClientProxyConnectionError{conn}: errors.ErrClientProxyConnection,
		&errors.UnixClientConnectorError{ClientConnectorError: conn, Path: "/s"}: errors.ErrUnixClientConnector,
		&ssl:                                 errors.ErrClientSSL,
		&errors.ClientConnectorSSLError{ssl}: errors.ErrClientConnectorSSL,
		&errors.ClientConnectorCertificateError{ssl}:              errors.ErrClientConnectorCertificate,
		&errors.ServerFingerprintMismatch{Host: "h", Port: 443}:   errors.ErrServerFingerprintMismatch,
		&errors.ServerDisconnectedError{Host: "h:80", Err: cause}: errors.ErrServerDisconnected,
		timeout(nil):                         errors.ErrTimeout,
		timeout(errors.ErrTotalTimeout):      errors.ErrTotalTimeout,
		timeout(errors.ErrServerTimeout):     errors.ErrServerTimeout,
		timeout(errors.ErrConnectionTimeout): errors.ErrConnectionTimeout,
		timeout(errors.ErrSocketTimeout):     errors.ErrSocketTimeout,
		payload(nil):                         errors.ErrClientPayload,
		payload(errors.ErrContentEncoding):   errors.ErrContentEncoding,
		payload(errors.ErrContentLength):     errors.ErrContentLength,
		payload(errors.ErrTransferEncoding):  errors.ErrTransferEncoding,
		&errors.BodyTooLargeError{Limit: 5}:  errors.ErrBodyTooLarge,
		&errors.IncompleteReadError{Partial: []byte(canary), Expected: 20, Err: cause}: errors.ErrIncompleteRead,
		&errors.BodyNotReplayableError{Reason: "stream"}:                               errors.ErrBodyNotReplayable,
		invalid(nil):                                errors.ErrInvalidURLClient,
		invalid(errors.ErrNonHTTPURLClient):         errors.ErrNonHTTPURLClient,
		invalid(errors.ErrInvalidURLRedirectClient): errors.ErrInvalidURLRedirectClient,
		invalid(errors.ErrNonHTTPURLRedirectClient): errors.ErrNonHTTPURLRedirectClient,
		&errors.InvalidRequestError{Field: "header X-A", Reason: "control character in value", Err: cause}: errors.ErrInvalidRequest,
		&errors.WSMessageTypeError{Want: "text", Got: "binary"}:                                            errors.ErrWSMessageType,
		errors.Wrap("GET", info.URL, cause):                                                                errors.ErrClient,
	}
}

// TestTree: an error is of its class and of all ancestors of that, and of no
// other class; so is each class itself, and an error that wraps it.
func TestTree(t *testing.T) {
	t.Parallel()
	check := func(name string, err error, want map[error]bool) {
		for class := range tree {
			if got := errors.Is(err, class); got != want[class] {
				t.Errorf("%s: Is(%v) is %v", name, class, got)
			}
		}
		for _, foreign := range []error{os.ErrDeadlineExceeded, context.DeadlineExceeded, syscall.ECONNRESET} {
			if got := errors.Is(err, foreign); got != want[foreign] {
				t.Errorf("%s: Is(%v) is %v", name, foreign, got)
			}
		}
	}
	for class := range tree {
		want := ancestors(class)
		check(class.Error(), class, want)
		check("wrapped "+class.Error(), fmt.Errorf("more: %w", class), want)
	}
	used := map[error]bool{}
	for err, class := range samples() {
		used[class] = true
		want := ancestors(class)
		check(fmt.Sprintf("%T", err), err, want)
		want[errors.ErrClient] = true
		check(fmt.Sprintf("wrapped %T", err), errors.Wrap("GET", nil, err), want)
	}
	for _, class := range []error{
		errors.ErrServerConnection, errors.ErrClientConnectionReset, errors.ErrClientConnection,
		errors.ErrSessionClosed, errors.ErrConnectorClosed, errors.ErrConnectionClosed, errors.ErrRedirectClient, errors.ErrInvalidURL,
		errors.ErrAddressRefused, errors.ErrRateLimit, errors.ErrConcurrency, errors.ErrCircuitOpen, errors.ErrNoBackend, errors.ErrToken,
	} {
		used[class] = true // they have no struct of their own
	}
	for class := range tree {
		if !used[class] {
			t.Errorf("no sample of %v", class)
		}
	}
}

// TestAs finds the struct of every ancestor that has one.
func TestAs(t *testing.T) {
	t.Parallel()
	var (
		resp *errors.ClientResponseError
		conn *errors.ClientConnectorError
		osE  *errors.ClientOSError
		ssl  *errors.ClientSSLError
	)
	targets := map[error]any{
		errors.ErrClientResponse: &resp, errors.ErrClientConnector: &conn, errors.ErrClientOS: &osE, errors.ErrClientSSL: &ssl,
	}
	for err, class := range samples() {
		for ancestor, target := range targets {
			want := ancestors(class)[ancestor]
			if got := errors.As(errors.Wrap("GET", nil, err), target); got != want {
				t.Errorf("%T: As(%T) is %v", err, target, got)
			}
		}
		if reflect.TypeOf(err) == reflect.TypeFor[*errors.RequestError]() {
			continue
		}
		own := reflect.New(reflect.TypeOf(err))
		if !errors.As(errors.Wrap("GET", nil, err), own.Interface()) || own.Elem().Interface() != err {
			t.Errorf("%T: As does not find the struct itself", err)
		}
	}
}

// TestCauses stay in the chain.
func TestCauses(t *testing.T) {
	t.Parallel()
	for err := range samples() {
		switch err.(type) {
		case *errors.ServerFingerprintMismatch, *errors.BodyTooLargeError, *errors.BodyNotReplayableError, *errors.WSMessageTypeError:
			continue // they are the cause
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%T has lost its cause", err)
		}
	}
}

// TestTimeouts are net.Errors, also when wrapped.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	for err, class := range samples() {
		want := ancestors(class)[errors.ErrTimeout]
		var ne interface {
			Timeout() bool
			Temporary() bool
		}
		if got := errors.As(errors.Wrap("GET", nil, err), &ne) && ne.Timeout() && os.IsTimeout(ne.(error)); got != want {
			t.Errorf("%T of %v: Timeout is %v", err, class, got)
		}
	}
}

// TestNoSecrets: no text of any error has a secret in it, in no format, nor has
// any error that it wraps, and each is one line.
func TestNoSecrets(t *testing.T) {
	t.Parallel()
	var check func(name string, err error)
	check = func(name string, err error) {
		for _, verb := range []string{"%v", "%s", "%q", "%+v", "%#v"} {
			text := fmt.Sprintf(verb, err)
			if strings.Contains(text, canary) {
				t.Errorf("%s: %s gives the secret away: %s", name, verb, text)
			}
			if strings.ContainsAny(text, "\r\n") {
				t.Errorf("%s: %s is more than a line: %q", name, verb, text)
			}
		}
		switch u := err.(type) {
		case interface{ Unwrap() error }:
			if inner := u.Unwrap(); inner != nil {
				check(name+" > ", inner)
			}
		case interface{ Unwrap() []error }:
			for _, inner := range u.Unwrap() {
				check(name+" > ", inner)
			}
		}
	}
	for err := range samples() {
		name := fmt.Sprintf("%T", err)
		check(name, err)
		check("wrapped "+name, errors.Wrap("GET", secretInfo().URL, err))
		data, jsonErr := json.Marshal(err)
		if jsonErr != nil || strings.Contains(string(data), canary) {
			t.Errorf("%s: as JSON %s, %v", name, data, jsonErr)
		}
		var object struct{ Class, Message string }
		if err := json.Unmarshal(data, &object); err != nil || object.Class == "" || object.Message == "" {
			t.Errorf("%s: as JSON %s, %v", name, data, err)
		}
	}
	check("RequestInfo", fmt.Errorf("%v %+v %#v %s", secretInfo(), secretInfo(), secretInfo(), secretInfo()))
	_, err := url.Parse(fmt.Sprintf("http://u:%s@h:%s/%%zz", canary, canary))
	check("a URL that does not parse", errors.NewInvalidURL("http://u:"+canary+"@h:"+canary+"/%zz", "cannot be parsed", err))
}

func TestTexts(t *testing.T) {
	t.Parallel()
	u := &url.URL{Scheme: "https", User: url.User("u"), Host: "h", Path: "/p", RawQuery: "a=1&b", Fragment: "f"}
	for _, test := range []struct {
		err  error
		want string
	}{
		{errors.Wrap("GET", u, io.EOF), "get https://***@h/p?a=***&***: EOF"},
		{errors.Wrap("GET", u, errors.Wrap("GET", u, io.EOF)), "get https://***@h/p?a=***&***: EOF"},
		{&errors.ClientResponseError{RequestInfo: errors.RequestInfo{Method: "PUT", URL: u}, Status: 404, Message: "Not Found"}, "put https://***@h/p?a=***&***: 404 Not Found"},
		{&errors.ClientResponseError{Status: 418}, "418 I'm a teapot"},
		{&errors.ClientResponseError{Status: 500, Message: "evil\r\nline\x1b[31m"}, `500 evil\r\nline\x1b[31m`},
		{&errors.ClientConnectorError{Host: "h", Port: 443, Op: "dial", Err: syscall.ECONNREFUSED}, "connect to h:443: dial: connection refused"},
		{&errors.ClientConnectorError{Host: "::1", Port: 80, Op: "dial", Err: io.EOF}, "connect to [::1]:80: dial: EOF"},
		{&errors.ClientConnectorError{Host: "127.0.0.1", Port: 80, Op: "dial", Err: &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}, "connect to 127.0.0.1:80: dial: connection refused"},
		{&errors.ClientConnectorError{Host: "h", Port: 80, Op: "dial", Err: &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}, "connect to h:80: dial tcp 127.0.0.1:80: connect: connection refused"},
		{&errors.UnixClientConnectorError{Path: "/s", ClientConnectorError: errors.ClientConnectorError{Err: &net.OpError{Op: "dial", Net: "unix", Addr: &net.UnixAddr{Name: "/s"}, Err: os.NewSyscallError("connect", syscall.ENOENT)}}}, "connect to unix socket /s: no such file or directory"},
		{&errors.ClientConnectorError{Host: "h", Port: 443, Op: "tls", Err: tls.RecordHeaderError{Msg: "first record"}}, "connect to h:443: tls: first record"},
		{&errors.TimeoutError{Kind: errors.ErrSocketTimeout, Phase: errors.PhaseBody, Limit: time.Second, Elapsed: 1001 * time.Millisecond, Host: "h:80"}, "socket timeout of 1s exceeded after 1.001s (phase body), host h:80"},
		{&errors.ClientPayloadError{Received: 5, Expected: 10, Err: io.ErrUnexpectedEOF}, "response payload is not completed: 5 of 10 bytes: unexpected EOF"},
		{&errors.ClientPayloadError{Received: 5, Expected: -1, Kind: errors.ErrClientPayload, Err: io.EOF}, "payload error: 5 bytes: EOF"},
		{&errors.ServerDisconnectedError{Err: io.EOF}, "server disconnected: the connection ended before the first byte of the response"},
		{&errors.InvalidRequestError{Field: "method", Reason: "not a token"}, "invalid method: not a token"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	if errors.Wrap("GET", u, nil) != nil {
		t.Error("Wrap makes an error of nil")
	}
}

// TestSuperset: what the standard package exports, this one has too.
func TestSuperset(t *testing.T) {
	t.Parallel()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("the sources of the standard library are not at hand: %v", err)
	}
	theirs := exported(t, filepath.Join(strings.TrimSpace(string(root)), "src", "errors"))
	ours := exported(t, ".")
	for name := range theirs {
		if !ours[name] {
			t.Errorf("%s of the standard package is missing", name)
		}
	}
	if len(theirs) < 6 {
		t.Errorf("found only %v in the standard package", theirs)
	}
	e := errors.New("x")
	if !errors.Is(errors.Join(nil, e), e) || errors.Unwrap(fmt.Errorf("%w", e)) != e || errors.ErrUnsupported != stderrors.ErrUnsupported {
		t.Error("the functions do not do what the standard ones do")
	}
}

func exported(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() {
					names[d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok {
						for _, n := range v.Names {
							if n.IsExported() {
								names[n.Name] = true
							}
						}
					}
				}
			}
		}
	}
	return names
}
