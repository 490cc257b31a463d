package cli

import "github.com/spf13/cobra"

// briefHelp is one screen: what -h prints, and a call without arguments.
const briefHelp = `aiolos [METHOD] URL [ITEM...]   send one request
aiolos get URL...               download files, several at a time, with resume
aiolos put URL FILE             upload a file, with progress
aiolos ws URL                   talk over a WebSocket
aiolos time URL                 show where the time of a request goes
aiolos pin HOST[:PORT]          show certificates and their pins
aiolos session ls               cookies and headers kept by --session NAME
aiolos bench URL                send a request many times and measure
aiolos curl 'curl ...'          run a curl command that a browser has copied
aiolos serve                    run a test server on this machine
aiolos demo                     see the library at work, without a network

Examples:
  aiolos example.org                           GET https://example.org
  aiolos :8080/post name=gopher age:=12        POST JSON to http://localhost:8080/post
  aiolos PUT :8080/put @file.json X-Token:abc  send a file, set a header
  aiolos get -j 4 -d pics -i urls.txt          download all URLs of a list

Items:   Name:Value header   name==value query   name=value field   name:=json field   @file body
         name@file upload (multipart)
  -f             send a form, not JSON        -v          show the heads too
  --raw TEXT     send this body               -o FILE     save the body
  --no-follow    do not follow redirects      --no-check  exit with 0 for 4xx and 5xx
  --offline      print the bytes, do not send --curl, --go  print a command or a program
  --timeout 30s  limit for the whole request  -q          no notices; -qq no errors
  -a USER        ask for the password         -H @FILE    headers from a file

"aiolos --help" shows all flags; "aiolos help items", "exit-codes", "defaults",
"config" and "environment" tell more.
`

const longHelp = `Aiolos sends one request and prints the response: its body, and on a terminal
its head as well.

METHOD is written in capitals; without one it is POST if there is a body, else
GET. URL needs one of the characters . : / or is localhost:

  example.org/x      https://example.org/x
  :8000/x, :/x       http://localhost:8000/x, http://localhost/x
  192.168.0.7/x      http, as for every loopback and private address

ITEMs are headers, query parameters and the body: see "aiolos help items".`

const examples = `  aiolos example.org
  aiolos :8080/get q==go Accept:text/html
  aiolos :8080/post name=gopher tags[]=a tags[]=b age:=12
  aiolos -f :8080/post name=gopher
  aiolos :8080/post title=cat pic@cat.png
  aiolos PUT :8080/put @photo.jpg
  echo hello | aiolos POST :8080/post`

const getHelp = `Downloads files, several at a time.

A file grows as NAME.part; NAME.part.json beside it says what it is. A call that
was interrupted is continued by the same command, if the server can and still
has the same file. NAME is that of -o, or of the header Content-Disposition, or
the last element of the URL's path.

A transfer that breaks is taken up again where it broke, up to five times (--retry).
With --checksum a file that is not the right one is removed, and the exit code is 10.
An interrupt keeps what is there; a list of --save-failed can be given to -i.

Without a terminal, or with --progress=none, there is one line for each finished
file; with --progress=json there are JSON objects, all on standard error, and nothing
else. The exit code is 1 if some of many URLs failed, and if all did the lowest of
their codes.`

const getExamples = `  aiolos get example.org/big.iso
  aiolos get -d pics -j 4 -i urls.txt
  aiolos get -o big.iso --conflict overwrite example.org/download?id=7`

const timeHelp = `Sends GET requests one after the other and shows where the time of each goes:
the wait for a connection, the look-up of the name, connecting, TLS, sending, the
wait for the first byte, and the body. The first request opens a connection (cold),
the others use it again (warm); --cold opens one for each. After several requests the
medians of both kinds stand side by side. After redirects the times are those of the
last request.`

const timeExamples = `  aiolos time example.org
  aiolos time -n 5 :8080/get
  aiolos time -n 5 --cold example.org
  aiolos time --json example.org`

const serveHelp = `Runs httpbin, a server that answers with what it was asked, on 127.0.0.1. It
prints its URL as the first line and runs until it is interrupted.`

const serveExamples = `  aiolos serve
  aiolos serve --port 0`

const demoHelp = `Starts three servers on the loopback interface (httpbin, one that is slow, and one
that cuts, resets, stalls and answers 503 on a schedule), fetches 300 URLs through
one session, and prints what happened: connections, reuse, errors by class, the
waterfall of a request, and a comparison with net/http's client. Everything that is
known beforehand is checked; the exit code is 1 if anything comes out differently.
No packet leaves the machine.`

const itemsHelp = `Items follow the URL. The leftmost separator counts, the longest one at its place;
a backslash takes the meaning from the character behind it.

  Name:Value      header                     Name:@file       header from a file
  Name:           leave out a header that is set automatically
  Name;           header with an empty value
  name==value     query parameter            name==@file      from a file
  name=value      field of the body, a text  name=@file       from a file
  name:=json      field, any JSON value      name:=@file.json from a file
  name@file       upload: the fields become the parts of a multipart form
  @file           the whole body is a file; @- is standard input

The fields make a JSON object, or with -f a form. With an upload, or --multipart, it
is a multipart form, where each file may have a type, and another name for the server:

  pic@cat.png;type=image/png;filename=dog.png
  notes@-         from standard input
  @data;type=application/x-own   a whole body has a type, too

In JSON, names nest:

  a[b]=1          {"a": {"b": "1"}}
  a[]=1 a[]=2     {"a": ["1", "2"]}
  a[2]=x          {"a": [null, null, "x"]}
  []=1 []:=2      ["1", 2]
  a\[b]           a bracket that means nothing; a[\1] is a key, not an index

--raw TEXT sends a text as the whole body. A request has one body: fields, or @file,
or --raw. If POST, PUT or PATCH is written and there is none, what is piped in is the
body; --ignore-stdin leaves it alone, as in a loop that reads lines.

-H is another way to write a header; -H @FILE reads several. A header whose name says
that it is a secret (Authorization, Cookie, X-Api-Key, ...-Token, ...-Secret, ...-Key)
does not go to another host after a redirect.`

const curlHelp = `Runs a curl command: one that you have, or one that a browser has copied ("Copy
as cURL", for POSIX shells or for Windows). Put it between quotes, or pipe it in and
give -, which is the safe way for a command with quotes in it.

Nothing in the command is run or expanded by a shell. An option that has no
counterpart here is an error, so that no request goes out that is another one than
curl's. As with curl, redirects are not followed without -L, and a status is a
failure only with -f. --print translates for the bare form of aiolos.`

const curlExamples = `  aiolos curl 'curl https://example.org/ -H "Accept: text/html" --compressed'
  xclip -o | aiolos curl -
  aiolos curl --print 'curl -L -d name=gopher localhost:8080/post'
  aiolos curl --go 'curl -T photo.jpg localhost:8080/put'`

const harHelp = `Works on files that --har has recorded, or the network panel of a browser has saved
("Save all as HAR"). FILE may be - for standard input. N are the numbers of entries;
without them all are meant.

show lists the entries, or shows the given ones in full. run sends the requests
again and tells where the status is another one, which is a failure (exit code 1).
convert prints them as curl commands, command lines of aiolos, or a Go program.
Commands are quoted for sh, bash, zsh and fish (3.4).

--har hides credentials, and the values of query parameters that the command line
does not name. Headers that are hidden in a file are left out when its requests are
sent; a request whose URL is hidden in part is refused. Up to 10 MiB of each body
are recorded.`

const harExamples = `  aiolos --har log.har example.org
  aiolos har show log.har
  aiolos har run log.har 1
  aiolos har convert --to go log.har 1`

const benchHelp = `Sends the same request many times over several connections and shows how long it
took: a summary, percentiles, a histogram, and the mean times of the phases. The
request is written as without "bench". Redirects are not followed; an error is a
request without a complete response, or with a status of 400 and more.

With -q RATE requests are begun on a schedule. The latency of one that was due while
all connections were busy counts from the instant when it was due: a server that
stalls is not spared the requests that it kept from being sent (coordinated
omission). Without -q a request is sent when
the one before it on the same connection is done.

--fail-if takes conditions with commas between them: min, mean, max, p50, p99.9 and
so on with a duration; errors and unsent with a number or a percentage; rate with
requests a second; < <= > >=. The exit code is 11 if one of them holds. Each
exchange may take 30 seconds (--timeout).`

const benchExamples = `  aiolos bench -n 20000 -c 50 :8080/get
  aiolos bench -z 30s -q 500 example.org
  aiolos bench -z 10s --fail-if 'p99>200ms,errors>0.1%' :8080/post name=gopher
  aiolos bench --csv -n 5000 :8080/get >> runs.csv`

const completionHelp = `Prints a script that makes a shell complete the command lines of aiolos: commands,
flags, methods, names of headers, and files behind an @.

  bash        source it in ~/.bashrc (package bash-completion is needed)
  zsh         write it to a file _aiolos in a directory of $fpath
  fish        write it to ~/.config/fish/completions/aiolos.fish
  powershell  invoke it in the profile`

const completionExamples = `  source <(aiolos completion bash)
  aiolos completion zsh > ~/.zfunc/_aiolos`

const manHelp = `Prints the manual, which is what --help says about all commands, as a page for
man(1). Its date is that of SOURCE_DATE_EPOCH, and else it has none.`

const manExamples = `  aiolos man | man -l -
  aiolos man > ~/.local/share/man/man1/aiolos.1`

const timeoutsHelp = `A request has three limits. Each takes a duration such as 1m30s, or a number of
seconds; 0 is no limit.

  --timeout          the whole request, with redirects and the body
  --connect-timeout  getting a connection: the wait for a free one, the look-up of the
                     name, connecting, TLS
  --read-timeout     the longest silence of the server, before its response and in it

  the wait   look-up   connecting, TLS   sending   server   body   redirect ...
  |------- --connect-timeout --------|           |- --read-timeout, each read -|
  |------------------------------ --timeout -----------------------------------|

Besides, connecting to one address takes at most 30 seconds before the next one has
its turn. Whichever limit is reached first ends the request, with exit code 9. "aiolos
help defaults" has the values; a download (get) has no limit but its silence, and an
exchange of bench has 30 seconds.`

const exitCodesHelp = `   0  success
   1  another failure; some of many URLs failed (if all did, the lowest code below)
   2  usage error, nothing was sent
   3  the final status is 3xx
   4  the final status is 4xx
   5  the final status is 5xx
   6  too many redirects
   7  the host could not be found or connected to
   8  TLS failed, or the certificate is not the right one
   9  timeout
  10  the body is incomplete or damaged
  11  a condition of bench --fail-if holds
 130  interrupted

With --no-check a status makes no difference.`

const defaultsHelp = `  redirects           10 are followed (--no-follow, --max-redirects)
  whole request       5 minutes; downloads have no limit (--timeout)
  one connection try  30 seconds
  silence             no limit; 30 seconds for downloads (--read-timeout)
  status              3xx, 4xx and 5xx set the exit code (--no-check)
  cookies             kept for one call; --session NAME keeps them for the next
  scheme              https; http for localhost, loopback and private addresses
  headers             Accept: */*, Accept-Encoding, User-Agent
  secrets             credentials and cookies are printed as *** (--show-secrets)
  proxy               that of the environment (--proxy)
  HTTP                HTTP/2 and HTTP/1.1 over TLS, else HTTP/1.1 (--http1.1, --http2)
  certificates        verified (--insecure, --pin)
  downloads           8 at a time, 4 from one host (-j, --per-host)
  bench               1000 requests, 50 at a time, 30 seconds each (-n, -c, --timeout)
  curl                what curl does: no redirects, no limits, any status is a success`

const environmentHelp = `  NO_COLOR         not empty: no colours
  FORCE_COLOR      not empty: colours, even without a terminal
  CLICOLOR_FORCE   the same
  TERM=dumb        no colours
  SOURCE_DATE_EPOCH  the date of "aiolos man"
  SSL_CERT_FILE    list of certificate authorities (Unix)
  SSL_CERT_DIR     directories with such lists (Unix)

--color=always and --color=never count more than all of these.

  HTTP_PROXY, HTTPS_PROXY   proxy for http and https URLs, in small letters too
  WS_PROXY, WSS_PROXY       the same for WebSockets
  ALL_PROXY                 for those that have none of their own
  NO_PROXY                  hosts that are asked directly
  NETRC                     file with credentials for hosts; else ~/.netrc

  XDG_CONFIG_HOME  the file of flags is aiolos/config below it: "aiolos help config"
  XDG_STATE_HOME   the sessions of --session are in aiolos/sessions below it
  AIOLOS_TIMEOUT   the flag --timeout, and so on for all flags: in capitals, with _
                   in place of - and of a point

Where the XDG variables are not set, it is ~/.config and ~/.local/state, and on macOS
and Windows the one directory that is usual there.

  VISUAL, EDITOR   the editor of "aiolos session edit"
  PAGER            shows --help on a terminal; else less
  COLUMNS          width of the terminal
  SSLKEYLOGFILE    the file of --keylog, and nothing without that flag

--proxy URL counts more than the environment, and --proxy none switches all of it
off, netrc too.`

const configHelp = `Flags that are wanted in every call can be in a file, one a line as on the command
line. Lines that begin with # are remarks. What follows the name of a flag, to the
end of the line, is its value; no quotes are needed.

  # ~/.config/aiolos/config
  --timeout 30s
  --header User-Agent: me
  --session work
  --http2=false
  -v

A line whose flag a command does not have is for others. A letter is one of the bare
form. What counts more stands first:

  1. the command line
  2. the environment: AIOLOS_TIMEOUT is --timeout, AIOLOS_HTTP1_1 is --http1.1
  3. ./.aiolosrc, and only with --config-here: a directory that was unpacked from
     somewhere must not change where requests go
  4. $XDG_CONFIG_HOME/aiolos/config, else ~/.config/aiolos/config, or what is usual
     for the system: ~/Library/Application Support, or %AppData%
  5. what "aiolos help defaults" shows

Flags that can be given several times, such as --header, add up. --no-config (or
AIOLOS_NO_CONFIG=1, which is good for scripts) leaves the files alone.`

// topics are pages of help that are no commands.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "items", Short: "Headers, query parameters and bodies on the command line", Long: itemsHelp},
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodesHelp},
		{Use: "defaults", Short: "What happens if nothing else is said", Long: defaultsHelp},
		{Use: "timeouts", Short: "Which limit covers what", Long: timeoutsHelp},
		{Use: "config", Short: "Flags that are kept in a file", Long: configHelp},
		{Use: "environment", Short: "Variables that are honoured", Long: environmentHelp},
	}
}
