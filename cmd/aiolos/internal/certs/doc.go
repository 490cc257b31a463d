// Package certs looks at the certificates that a server shows, for "aiolos pin".
package certs
