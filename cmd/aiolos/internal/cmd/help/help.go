// Package help has the pages of help that are no commands.
package help

import (
	"github.com/spf13/cobra"
)

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
body; --ignore-stdin leaves it alone, as in a loop that reads lines. With another method
it is left alone anyway, and a notice tells of it.

-H is another way to write a header; -H @FILE reads several. A header whose name says
that it is a secret (Authorization, Cookie, X-Api-Key, ...-Token, ...-Secret, ...-Key)
does not go to another host after a redirect.`

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
  status              3xx, 4xx and 5xx set the exit code (--no-check); with 4xx and 5xx
                      the file of -o is left alone (--fail-with-body)
  bodies              as they come; JSON and events on a terminal in colours (--pretty)
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

const environmentHelp = `  NO_COLOR         not empty: no colours, and bodies as they come
  FORCE_COLOR      not empty: colours, even without a terminal
  CLICOLOR_FORCE   the same
  TERM=dumb        no colours
  SOURCE_DATE_EPOCH  the date of "aiolos man"
  SSL_CERT_FILE    list of certificate authorities (Unix)
  SSL_CERT_DIR     directories with such lists (Unix)

--color=always and --color=never count more than all of these, and so does a --pretty
that is given, where --color is not: with NO_COLOR, --pretty=all has colours.

  HTTP_PROXY, HTTPS_PROXY   proxy for http and https URLs, in small letters too
  WS_PROXY, WSS_PROXY       the same for WebSockets
  ALL_PROXY                 for those that have none of their own
  NO_PROXY                  hosts that are asked directly
  NETRC                     file with credentials for hosts; else ~/.netrc
  AIOLOS_AUTH               USER:PASSWORD, or the token, of -a

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
off, netrc too, which --no-netrc does alone.`

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

// Topics are pages of help that are no commands.
func Topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "items", Short: "Headers, query parameters and bodies on the command line", Long: itemsHelp},
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodesHelp},
		{Use: "defaults", Short: "What happens if nothing else is said", Long: defaultsHelp},
		{Use: "timeouts", Short: "Which limit covers what", Long: timeoutsHelp},
		{Use: "config", Short: "Flags that are kept in a file", Long: configHelp},
		{Use: "environment", Short: "Variables that are honoured", Long: environmentHelp},
	}
}
