package bench

import (
	"regexp"

	aioerrors "github.com/aiolos-http/aiolos/errors"
)

// maxTexts is how many different texts of errors are kept.
const maxTexts = 50

// OtherTexts stands for the texts that there was no room for.
const OtherTexts = "other errors"

// texts counts texts.
type texts map[string]int64

// add counts a text, or the others if there are too many.
func (t texts) add(text string, n int64) {
	if _, ok := t[text]; !ok {
		room := maxTexts
		if _, ok := t[OtherTexts]; ok {
			room++
		}
		if len(t) >= room {
			text = OtherTexts
		}
	}
	t[text] += n
}

// ownPort is the address of this side of a connection, which is another one for every
// connection.
var ownPort = regexp.MustCompile(`[0-9A-Fa-f.:%\[\]]+:\d+->`)

// ErrorText is what an error of an exchange says, without the request, which is the
// same for all, without this side's ports, and without secrets.
func ErrorText(err error) string {
	if named, ok := aioerrors.AsType[*aioerrors.RequestError](err); ok && named.Err != nil {
		err = named.Err
	}
	return ownPort.ReplaceAllString(aioerrors.RedactError(err), "")
}
