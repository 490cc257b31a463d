package errors_test

import (
	"fmt"

	"github.com/aiolos-http/aiolos/errors"
)

func ExampleReplaceHeaderURLs() {
	fmt.Println(errors.ReplaceHeaderURLs("Refresh", "5; url=/next?ticket=secret", errors.RedactURLString))
	fmt.Println(errors.ReplaceHeaderURLs("Server", "a?b=c", errors.RedactURLString))
	// Output:
	// 5; url=/next?ticket=***
	// a?b=c
}
