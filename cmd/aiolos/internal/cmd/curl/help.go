package curl

const help = `Runs a curl command: one that you have, or one that a browser has copied ("Copy
as cURL", for POSIX shells or for Windows). Put it between quotes, or pipe it in and
give -, which is the safe way for a command with quotes in it.

Nothing in the command is run or expanded by a shell. An option that has no
counterpart here is an error, so that no request goes out that is another one than
curl's. As with curl, redirects are not followed without -L, and a status is a
failure only with -f; the netrc file counts with -n. --print translates for the bare
form of aiolos.`

const examples = `  aiolos curl 'curl https://example.org/ -H "Accept: text/html" --compressed'
  xclip -o | aiolos curl -
  aiolos curl --print 'curl -L -d name=gopher localhost:8080/post'
  aiolos curl --go 'curl -T photo.jpg localhost:8080/put'`
