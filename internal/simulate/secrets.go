package simulate

import (
	"encoding/base64"
	"strings"
)

// The secrets of the users, which no text may hold.
const canary = "canary"

// apiKey is the field of the key that all requests have.
const apiKey = "X-Api-Key"

func password(user string) string { return canary + "-password-" + user }
func ticket(user string) string   { return canary + "-ticket-" + user }

func basic(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password(user)))
}

// userOf is the user whose secret a field has, or "-".
func userOf(field string, secret func(string) string) string {
	for _, user := range []string{"alice", "bob"} {
		if strings.Contains(field, secret(user)) {
			return user
		}
	}
	if field != "" {
		return "nobody"
	}
	return "-"
}

// leaked is the secret that a text holds, or empty.
func leaked(text string) string {
	for _, secret := range []string{canary, strings.TrimPrefix(basic("alice"), "Basic "), strings.TrimPrefix(basic("bob"), "Basic ")} {
		if strings.Contains(text, secret) {
			return secret
		}
	}
	return ""
}
