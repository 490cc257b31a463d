// Package form makes the bodies of forms: url-encoded, multipart/form-data (RFC
// 7578), and multiparts of any other subtype (RFC 2046 5.1).
//
//	f := form.New().Field("title", "cat").File("photo", "cat.png")
//
// A [Form] keeps its fields in their order. It is url-encoded until a part needs
// multipart. A [Multipart] is for the rest: mixed, related, nested, with parts
// that are compressed or encoded for mail.
//
// # Sending
//
// Both have the four methods that a client needs, and know nothing of HTTP
// beyond them: ContentType, Length, Open and Replayable. Open streams: a file is
// read as the body is, and nothing is held in memory but what was given in
// memory. Length is exact when each part knows its own, and a part that then
// turns out longer or shorter is a [SizeError], never a wrong body.
//
// # Sending again
//
// A redirect or a retry opens the body anew. That works with texts, bytes,
// files, and readers that can seek. Any other reader can be read once, and the
// second Open says so with an [errors.BodyNotReplayableError].
//
// # Who closes what
//
// Files that were named by their path are opened by Open, and closed by the
// body. An [os.File] or a reader stays its owner's.
//
// # Names
//
// Names and file names are UTF-8 and are escaped as browsers do ([QuoteWHATWG]);
// two older manners can be asked for. Control characters are refused in names,
// types and headers, so that no name can become a header. That, a file that
// cannot be read and whatever else is wrong is reported before the first byte is
// sent, as an [errors.InvalidRequestError].
//
// # Where it differs from aiohttp
//
// Texts have no Content-Type unless the form has a Charset. CR and LF in a name
// become %0D and %0A, as in browsers; aiohttp refuses them. Content-Disposition
// comes before Content-Type. The length of parts in base64 is known. Readers
// that were given are not closed.
package form
