package bench

const help = `Sends the same request many times over several connections and shows how long it
took: a summary, percentiles, a histogram, and the mean times of the phases. The
request is written as without "bench". Redirects are not followed; an error is a
request without a complete response, or with a status of 400 and more.

With -q RATE requests are begun on a schedule. The latency of one that was due while
all connections were busy counts from the instant when it was due: a server that
stalls is not spared the requests that it kept from being sent (coordinated
omission). Without -q a request is sent when
the one before it on the same connection is done.

--input FILE sends to the URLs of a file in turn: write [METHOD] [ITEM...] without a
URL then. What --warm-up sends is not counted. The histogram has both axes logarithmic:
what few of the requests took is seen too. --report writes what happened when, the
histogram and the errors as a page (.html) or a picture (.svg), which need no network.
--compare shows two runs: an earlier one that --json has written and this one, or this
one and one of another URL.

--fail-if takes conditions with commas between them: min, mean, max, p50, p99.9 and
so on with a duration; errors and unsent with a number or a percentage; rate with
requests a second; < <= > >=. The exit code is 11 if one of them holds. Each
exchange may take 30 seconds (--timeout).`

const examples = `  aiolos bench -n 20000 -c 50 :8080/get
  aiolos bench -z 30s -q 500 example.org
  aiolos bench -z 10s --fail-if 'p99>200ms,errors>0.1%' :8080/post name=gopher
  aiolos bench --csv -n 5000 :8080/get >> runs.csv
  aiolos bench -z 30s --warm-up 5s --report page.html example.org
  aiolos bench -n 5000 --json :8080/get > before.json
  aiolos bench -n 5000 --compare before.json --report compare.html :8080/get
  aiolos bench -n 5000 -i urls.txt`
