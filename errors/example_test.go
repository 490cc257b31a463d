package errors_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// An error is asked for its class, or for an ancestor of that.
func ExampleIs() {
	var err error = &errors.TimeoutError{Kind: errors.ErrSocketTimeout, Phase: errors.PhaseBody, Limit: 10 * time.Second}
	switch {
	case errors.Is(err, errors.ErrTotalTimeout):
		fmt.Println("it took too long")
	case errors.Is(err, errors.ErrServerTimeout):
		fmt.Println("the server fell silent")
	}
	// Output: the server fell silent
}

// Attributes are in the struct of the class, and in those of its ancestors.
func ExampleAs() {
	var err error = &errors.TooManyRedirects{ClientResponseError: errors.ClientResponseError{Status: http.StatusFound}}
	var re *errors.ClientResponseError
	if errors.As(err, &re) {
		fmt.Println(re.Status)
	}
	// Output: 302
}

func ExampleAsType() {
	err := fmt.Errorf("more: %w", &errors.ClientPayloadError{Received: 5, Expected: 10, Err: io.ErrUnexpectedEOF})
	if pe, ok := errors.AsType[*errors.ClientPayloadError](err); ok {
		fmt.Println(pe.Received, "of", pe.Expected)
	}
	// Output: 5 of 10
}

func ExampleWrap() {
	u := &url.URL{Scheme: "https", User: url.UserPassword("user", "secret"), Host: "example.com", Path: "/p", RawQuery: "key=secret"}
	err := errors.Wrap("GET", u, context.Canceled)
	fmt.Println(err)
	fmt.Println(errors.Is(err, context.Canceled), errors.Is(err, errors.ErrClient))
	// Output:
	// get https://***@example.com/p?key=***: context canceled
	// true true
}

func ExampleRedactURLString() {
	fmt.Println(errors.RedactURLString("https://user:secret@example.com/p?key=secret&page=2#secret"))
	// Output: https://***@example.com/p?key=***&page=***
}

func ExampleRedactHeader() {
	h := errors.RedactHeader(http.Header{"Authorization": {"secret"}, "Accept": {"*/*"}})
	fmt.Println(h.Get("Authorization"), h.Get("Accept"))
	// Output: *** */*
}

func ExampleRedactError() {
	fmt.Println(errors.RedactError(&url.Error{Op: "Get", URL: "https://example.com/?token=secret", Err: io.EOF}))
	// Output: Get "https://example.com/?token=***": EOF
}
