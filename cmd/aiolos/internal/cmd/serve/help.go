package serve

const help = `Runs httpbin, a server that answers with what it was asked, on 127.0.0.1. It
prints its URL as the first line and runs until it is interrupted.`

const examples = `  aiolos serve
  aiolos serve --port 0`
