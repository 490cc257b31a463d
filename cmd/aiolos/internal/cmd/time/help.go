package time

const help = `Sends GET requests one after the other and shows where the time of each goes:
the wait for a connection, the look-up of the name, connecting, TLS, sending, the
wait for the first byte, and the body. The first request opens a connection (cold),
the others use it again (warm); --cold opens one for each. After several requests the
medians of both kinds stand side by side. Each redirect has times of its own, and so
have a challenge that is answered (-A digest) and what is sent again (--retry); the
medians are those of the last requests. --report FILE.html writes a page with the
waterfall of all of them.`

const examples = `  aiolos time example.org
  aiolos time -n 5 :8080/get
  aiolos time -n 5 --cold example.org
  aiolos time --json example.org
  aiolos time -n 5 --report times.html example.org`
