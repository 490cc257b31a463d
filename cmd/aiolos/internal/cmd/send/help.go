package send

// BriefHelp is one screen: what -h prints, and a call without arguments.
const BriefHelp = `aiolos [METHOD] URL [ITEM...]   send one request
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
  -b, -p hb      print the body, these parts  --sorted    JSON by the names of members
  --raw TEXT     send this body               -o FILE     save the body
  --no-follow    do not follow redirects      --no-check  exit with 0 for 4xx and 5xx
  --offline      print the bytes, do not send --curl, --go  print a command or a program
  --timeout 30s  limit for the whole request  -q          no notices; -qq no errors
  -a USER[:PASS], -A digest, -A bearer        -H @FILE    headers from a file

"aiolos --help" shows all flags; "aiolos help items", "exit-codes", "defaults",
"config" and "environment" tell more.
`

const help = `Aiolos sends one request and prints the response: its body, and on a terminal
its head as well.

METHOD is written in capitals; without one it is POST if there is a body, else
GET. URL needs one of the characters . : / or is localhost:

  example.org/x      https://example.org/x
  :8000/x, :/x       http://localhost:8000/x, http://localhost/x
  192.168.0.7/x      http, as for every loopback and private address

ITEMs are headers, query parameters and the body: see "aiolos help items".

A body is printed as it comes. On a terminal JSON, JSON lines and server-sent events are
indented and coloured, and nothing else about them changes; NO_COLOR, --color=never and
--pretty=none leave the bytes as they are, as a pipe or a file has them. --pretty and
--sorted are for pipes too.`

const examples = `  aiolos example.org
  aiolos :8080/get q==go Accept:text/html
  aiolos :8080/post name=gopher tags[]=a tags[]=b age:=12
  aiolos -f :8080/post name=gopher
  aiolos -b --sorted :8080/json
  aiolos :8080/post title=cat pic@cat.png
  aiolos PUT :8080/put @photo.jpg
  echo hello | aiolos POST :8080/post`
