package hint

import "strings"

// foreign is a flag of another program, and what does the same here.
type foreign struct {
	flags string // long names, and letters with a dash; behind "get:" those of one command
	text  string
}

// foreignFlags are the flags of httpie, curl, wget, aria2 and hey that people try. One
// that we have under the same name is not asked for here.
func foreignFlags() []foreign {
	return []foreign{
		// What means something else for downloads (wget, aria2) and for load tests (hey).
		{"get:-s get:split get:max-connection-per-server", "-x N says how many requests fetch one file, -j N how many files come at a time"},
		{"get:max-download-limit get:max-overall-download-limit", "--limit-rate bounds all downloads together"},
		{"get:-n get:nc", "--no-clobber leaves every file that exists"},
		{"get:-N get:timestamping", "-c leaves a complete file that has the length and the date, or the bytes, of the URL's"},
		{"get:content-disposition get:remote-header-name get:-J", "files have the names that servers say; -O names them after their URLs"},
		{"pin:-k pin:insecure", "certificates are shown whether they are trusted or not"},
		{"get:-P", "aiolos get -d DIR names the directory"},
		{"get:-t", "--retry N says how often what failed is sent again"},
		{"bench:follow bench:location bench:-F bench:-L bench:disable-redirects", "redirects are not followed"},
		{"bench:disable-compression", "it is a header: Accept-Encoding:identity"},
		{"bench:-D", "a whole body is an item behind the URL, @FILE"},
		{"bench:-T", "the type is a header: aiolos bench POST URL Content-Type:TYPE"},
		{"bench:retry", "what fails is counted, and nothing is sent again"},
		{"bench:session bench:session-read-only", "a header is an item, Cookie:name=value"},
		{"bench:-o", "--json and --csv print the figures for programs"},
		// httpie, xh
		{"follow all -F", "redirects are followed; --no-follow does not, -v shows them"},
		{"verify", "--insecure accepts every certificate, --cacert FILE names the authorities, --pin one certificate"},
		{"cert-key private-key", "--key FILE has the key of --cert"},
		{"certificate", "--cert FILE is the certificate of this client, --key FILE its key"},
		{"ca-certificate ca-bundle", "--cacert FILE names the authorities"},
		{"download", `"aiolos get URL" downloads, and goes on with what is there`},
		{"check-status", "the exit code tells the status without a flag; --no-check makes it 0"},
		{"json -j", "JSON is the default for fields; -f sends a form"},
		{"headers", "--print=h (-ph) prints only the head of the response"},
		{"stream -S", "a body is shown as it comes"},
		{"style", "--color and --pretty say how it looks"},
		{"unsorted format-options", "--pretty says how it looks, --sorted sorts"},
		{"digest ntlm oauth2-bearer", "-A says what -a is for: basic, digest or bearer"},
		{"ignore-netrc", "--no-netrc leaves netrc alone, --proxy none all of the environment"},
		{"history-print -P", "-v prints all redirects"},
		{"chunked", "a body from standard input (@-) is sent in chunks"},
		{"default-scheme", "write http:// in front of the URL"},
		{"path-as-is", "paths go as they are written"},
		// curl
		{"location -L", "redirects are followed; --no-follow does not"},
		{"no-check-certificate", "--insecure accepts every certificate"},
		{"request method -X -m", "the method is the first word: aiolos POST URL"},
		{"range", "it is a header: aiolos URL Range:bytes=0-99"},
		{"data data-raw data-binary post-data body-data -d", "fields are items behind the URL, name=value; --raw TEXT and @FILE are whole bodies"},
		{"data-urlencode", "-f name=value sends a form, name==value a query"},
		{"form-string", "--multipart name=value, name@FILE sends a file"},
		{"include server-response -i -S", "-v prints the heads, --print=hb those of the response"},
		{"head spider -I", "HEAD is a method: aiolos HEAD URL"},
		{"silent no-verbose -s", "-q prints no notices, -qq no errors either"},
		{"user http-user http-passwd password -u", "-a USER asks for the password"},
		{"user-agent -U", "it is a header: aiolos URL User-Agent:NAME"},
		{"referer -e", "it is a header: aiolos URL Referer:https://..."},
		{"cookie load-cookies", "it is a header: aiolos URL Cookie:name=value; --session NAME keeps cookies"},
		{"cookie-jar save-cookies -c", "--session NAME keeps cookies"},
		{"remote-name -O", `"aiolos get URL" saves under the name of the URL, -o FILE under another`},
		{"continue-at continue -C", `"aiolos get URL" goes on with what is there`},
		{"upload-file post-file -T", `"aiolos put URL FILE" uploads with progress; aiolos PUT URL @FILE without`},
		{"get -G", "a query parameter is an item behind the URL, name==value"},
		{"max-time -t", "--timeout limits the whole request, --connect-timeout getting a connection"},
		{"write-out -w", "--print=m prints the times, aiolos time URL a picture of them"},
		{"dump-header -D", "--print=h prints the head of the response"},
		{"compressed compress", "compression is asked for without a flag"},
		{"proxy-url -x", "--proxy URL goes through a proxy, --proxy none around that of the environment"},
		{"unix-socket", "--unix PATH connects to a socket"},
		{"max-redirs max-redirect", "--max-redirects says how many are followed"},
		{"fail", "the exit code tells the status without a flag"},
		{"no-buffer -N", "a body is shown as it comes"},
		{"netrc -n", "netrc is read without a flag"},
		{"pinnedpubkey", `--pin is the pin of a certificate: see "aiolos pin"`},
		{"http2-prior-knowledge", "--http2 does this for http://"},
		{"http1.0 -0", "HTTP/1.1 and HTTP/2 are spoken: --http1.1, --http2"},
		{"noproxy no-proxy", "NO_PROXY names the hosts that are asked directly, --proxy none is for all"},
		{"trace trace-ascii debug", "-v prints the heads, --offline the bytes of a request"},
		// wget, aria2
		{"output-document out", "-o FILE names the file"},
		{"directory-prefix", "aiolos get -d DIR names the directory"},
		{"input-file", "aiolos get -i FILE reads a list of URLs"},
		{"max-concurrent-downloads -Z", "aiolos get -j N says how many files come at a time"},
		{"tries max-tries", "--retry N says how often what failed is sent again"},
		{"read-timeout-seconds dns-timeout", "--connect-timeout and --read-timeout set limits"},
		{"allow-overwrite auto-file-renaming no-clobber", "aiolos get --conflict says what happens to a file that exists"},
		{"background", "a shell does that: aiolos get ... &"},
		{"recursive mirror -r", "links are not followed: aiolos get -i FILE takes a list of URLs"},
		{"quiet-progress no-progress-meter show-progress", "aiolos get --progress says how it is shown"},
		// hey, ab, oha
		{"disable-keepalive", "connections are kept; the header Connection:close asks the server to end them"},
		{"cpus", "all processors are used"},
		{"host", "it is a header: Host:name"},
	}
}

// ForeignFlags are all of them by their names, with what is said.
func ForeignFlags() map[string]string {
	all := map[string]string{}
	for _, f := range foreignFlags() {
		for word := range strings.FieldsSeq(f.flags) {
			if all[word] == "" { // the first counts
				all[word] = f.text
			}
		}
	}
	return all
}

// ForeignFlag says what does here what a flag of another program does there: one with
// its long name, or a letter behind a dash, given to a command. It is empty for a flag
// that is not known.
func ForeignFlag(command, name string) string {
	all := ForeignFlags()
	if text, ok := all[command+":"+name]; ok {
		return text
	}
	return all[name]
}
