package session

const help = `A session keeps cookies and headers between calls: --session NAME of a command that
sends uses what the session has, and keeps what comes. A session that does not exist is
made. Cookies go where their servers want them; the headers among the ITEMs are kept
for the origin (scheme, host and port) of the URL, except those that are about one
body or one response (Content-*, If-*, Range, Host and the like). "Name:" forgets one.
A header of -H counts more than the session's, for this call.

The files are in $XDG_STATE_HOME/aiolos/sessions, else in ~/.local/state, and can be read
by their owner alone. They hold secrets in plain text. Of two programs that use a session
at the same time the last one to end wins; --session-read-only NAME changes nothing.

  ls               list the sessions
  show NAME        show cookies and headers, without values that give access
  edit NAME        edit the file with $VISUAL or $EDITOR
  rm NAME...       remove sessions
  export NAME      write the cookies as a cookies.txt, for curl, wget and yt-dlp
  import NAME F    add the cookies of a cookies.txt, or of a JSON file of aiohttp's`

const examples = `  aiolos --session me :8080/cookies/set?k=v Authorization:@token.txt
  aiolos --session me :8080/cookies
  aiolos session show me
  aiolos session export -o cookies.txt me
  aiolos session import me cookies.txt`
