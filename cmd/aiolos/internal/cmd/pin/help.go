package pin

const help = `Shows the certificates that a server sends, whether they verify, and two pins of
each: the SHA-256 of the certificate, which --pin and the library take, and that of
the public key alone, which curl takes and which outlives a renewal with the same
key. Then the lines to use them with. No request is sent.

A pin takes the place of the verification: compare it with the one that the owner of
the server tells you before you trust it.

--check compares the server's own certificate with pins, of certificates or (with
sha256// in front) of public keys. It prints nothing and exits with 0 if one of them
matches, and with 8 if none does: for cron, and for the days of a rotation.`

const examples = `  aiolos pin example.org
  aiolos pin --json example.org:8443
  aiolos pin --check sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= example.org`
