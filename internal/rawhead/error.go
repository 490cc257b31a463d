package rawhead

import (
	"strconv"
	"strings"
)

// Error tells which rule a head or a trailer broke. It holds nothing that the peer
// sent, so it can be logged as it is.
type Error struct {
	// Reason names the rule, in one line of lower case: "status line too long".
	Reason string
	// Limit is the limit that was passed, in bytes, or in fields for "too many …".
	// 0: the rule is no limit.
	Limit int
}

// Error returns the reason, with the limit if there is one: "header field longer
// than 8190 bytes".
func (e *Error) Error() string {
	limit := strconv.Itoa(e.Limit)
	if e.Limit == 0 {
		return e.Reason
	} else if what, ok := strings.CutSuffix(e.Reason, " too long"); ok {
		return what + " longer than " + limit + " bytes"
	} else if what, ok := strings.CutPrefix(e.Reason, "too many "); ok {
		return "more than " + limit + " " + what
	}
	return e.Reason + " (limit " + limit + ")"
}

// The rules.
const (
	lineTooLong    = "status line too long"
	fieldTooLong   = "header field too long"
	tooManyFields  = "too many header fields"
	trailerTooLong = "trailer field too long"
	tooManyTrailer = "too many trailer fields"

	badStatusLine  = "malformed status line"
	tlsRecord      = "a TLS record in place of a status line"
	badReason      = "control character in the status line"
	emptyName      = "header field without a name"
	blankInName    = "whitespace before the colon of a header field"
	badName        = "invalid character in the name of a header field"
	noColon        = "header line without a colon"
	foldOfNothing  = "first header line starts with whitespace"
	badValue       = "control character in the value of a header field"
	badLength      = "malformed content-length"
	repeatedLength = "more than one content-length"
	lengthAndTE    = "content-length beside transfer-encoding"
	badTE          = "transfer-encoding other than chunked"
	foldedTE       = "folded transfer-encoding"
	repeatedTE     = "more than one transfer-encoding"
)
