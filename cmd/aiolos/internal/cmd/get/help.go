package get

const help = `Downloads files, several at a time.

A file grows as NAME.part; NAME.part.json beside it says what it is. A call that
was interrupted is continued by the same command, if the server can and still
has the same file. NAME is that of -o, or of the header Content-Disposition, or
the last element of the URL's path. A list has a URL a line, and behind it, after a
space or a tab, the name of its file if it is to have another one.

Of several URLs the same command fetches only what is missing: until all are there,
.aiolos-get.json names the complete files. A file that exists otherwise is left, and
the new one gets a number; --no-clobber leaves it and fetches nothing, --overwrite
replaces it. With -c an unfinished file is gone on with by its name, as when a signed
URL has another query, and a complete one that has the length and the date of the
URL's is left. One of that length whose date tells nothing (after --no-mtime, or of a
server that gives none) is left if --checksum says so; else the URL is fetched and
compared with it. -x N fetches a large file with N requests.
A transfer that breaks is taken up again where it broke, up to five times (--retry).
With --checksum a file that is not the right one is removed, and the exit code is 10.
An interrupt keeps what is there; a list of --save-failed can be given to -i.

Without a terminal, or with --progress=none, there is one line for each finished
file; with --progress=json there are JSON objects, all on standard error, and nothing
else. The exit code is 1 if some of many URLs failed, and if all did the lowest of
their codes. --report FILE.html writes a page with the waterfall of all requests.`

const examples = `  aiolos get example.org/big.iso
  aiolos get -d pics -j 4 -i urls.txt
  aiolos get -x 4 --limit-rate 10M example.org/big.iso
  aiolos get -c -o p.bin 'example.org/download?signature=2'
  aiolos get -o big.iso --conflict overwrite example.org/download?id=7
  aiolos get -j 4 -i urls.txt --report downloads.html`
