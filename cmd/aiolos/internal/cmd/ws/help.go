package ws

const help = `Opens a WebSocket. Each line of the input is sent as a text message, each message
that comes is printed. ITEMs are headers and query parameters: "aiolos help items".

  /ping [TEXT]             send a ping; the answer and its time are shown
  /pong [TEXT]             send a pong
  /close [CODE [REASON]]   close; 1000 without a code
  //text                   a message that begins with a slash

Ctrl-D and ctrl-C close with 1000. If the input is not a terminal, a line that makes
no sense ends the program, and after the end of the input it goes on until the server
was silent for a second (--wait), or has sent -n messages.

Without a terminal, a text message is printed as it is with a line end behind it, and
a binary message as it is without one. --json prints objects, binary messages in
base64, or with --hex in hexadecimal digits.

The exit code is 0 if the server closes with 1000, 1001 or no code, 9 if it is silent
for too long (--heartbeat), 1 after another end, and that of the status if it refuses
the WebSocket. --timeout and --read-timeout are those of the handshake.`

const examples = `  aiolos ws ':8080/websocket/echo?max_fragment_size=2048&max_message_size=10240'
  aiolos ws wss://example.org/chat --protocol chat.v2 --heartbeat 30s X-Room:7
  echo '{"op":"subscribe"}' | aiolos ws --json --wait 0 wss://example.org/feed
  aiolos ws --listen -n 10 wss://example.org/ticker`
