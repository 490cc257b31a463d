package put

const help = `Sends a file as the body of a request, with PUT or the method of -X, and prints the
response. FILE is a path, or - for standard input, which is sent in chunks because its
length is not known. A URL that ends in a slash gets the name of the file. ITEMs are
headers and query parameters: "aiolos help items".

The Content-Type is that of the file's extension, unless an ITEM sets it. The file is
read as it is sent, and read again after a redirect or for --retry.`

const examples = `  aiolos put :8080/put photo.jpg
  aiolos put --expect --retry 3 https://example.org/files/ big.iso X-Token:@token.txt
  tar c . | aiolos put -X POST example.org/upload - Content-Type:application/x-tar`
