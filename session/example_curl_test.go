package session_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/session"
)

// A request as a command to copy into a shell. Its secrets stay out.
func ExampleCurlCommand() {
	req, err := http.NewRequest(http.MethodPut, "https://me:secret@api.example/items/7?token=secret", strings.NewReader(`{"name": "it's"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer secret")
	text, err := session.CurlCommand(req)
	fmt.Println(text, err)
	// Output:
	// curl -X PUT \
	//   --url 'https://***@api.example/items/7?token=***' \
	//   -H Accept: \
	//   -H 'Authorization: ***' \
	//   -H 'Content-Type: application/json' \
	//   --data-raw '{"name": "it'\''s"}' <nil>
}
