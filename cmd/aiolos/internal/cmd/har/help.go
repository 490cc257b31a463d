package har

const help = `Works on files that --har has recorded, or the network panel of a browser has saved
("Save all as HAR"). FILE may be - for standard input. N are the numbers of entries;
without them all are meant.

show lists the entries, or shows the given ones in full; with --report FILE.html it
writes a page with their waterfall instead. run sends the requests again and tells
where the status is another one, which is a failure (exit code 1).
convert prints them as curl commands, command lines of aiolos, or a Go program.
Commands are quoted for sh, bash, zsh and fish (3.4).

--har hides credentials, and the values of query parameters that the command line
does not name. Headers that are hidden in a file are left out when its requests are
sent; a request whose URL is hidden in part is refused. Up to 10 MiB of each body
are recorded.`

const examples = `  aiolos --har log.har example.org
  aiolos har show log.har
  aiolos har run log.har 1
  aiolos har convert --to go log.har 1`
