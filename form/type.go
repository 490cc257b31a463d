package form

import "github.com/aiolos-http/aiolos/internal/httprule"

// TypeByName guesses the media type of a file by its name's extension, as a part of a form
// gets it. It is "" for an extension that the system does not know, and has no charset:
// nobody has looked into the file.
func TypeByName(name string) string { return httprule.TypeByName(name) }
