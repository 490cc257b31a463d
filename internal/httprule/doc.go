// Package httprule has the rules of HTTP that several packages go by, once each:
//
//   - the names of fields have no case (RFC 9110 5.1), also in headers that a
//     caller or another RoundTripper has filled in without [http.Header.Set];
//   - what the origin of a URL is (RFC 6454 4), and how its host is written;
//   - which requests may be sent twice (RFC 9110 9.2.2);
//   - what a token, the value of a field, and the value of Authorization for a
//     login and a password are;
//   - why a context ended.
//
// Its functions keep no state and are safe for concurrent use, as long as nobody
// changes the headers that they look at. They change nothing that they are given,
// [SetField] excepted.
package httprule
