package connector_test

import (
	"crypto/sha256"
	"fmt"

	"github.com/aiolos-http/aiolos/connector"
)

func ExampleNewPin() {
	sum := sha256.Sum256([]byte("the certificate in DER"))
	pin, err := connector.NewPin(sum[:])
	fmt.Println(pin, err)
	_, err = connector.NewPin(sum[:20])
	fmt.Println(err)
	// Output:
	// e2df27a527557faa1c2b608c6c63071adf3316c7c968fa788cc78b2d74789613 <nil>
	// invalid Fingerprint: md5 and sha1 are insecure; use sha256, or NewLegacyPin if there is no other way
}

func ExampleNewLegacyPin() {
	pin, err := connector.NewLegacyPin(make([]byte, 20)) // SHA-1
	fmt.Println(len(pin.Digest()), err)
	// Output:
	// 20 <nil>
}

func ExampleParsePin() {
	pin, err := connector.ParsePin("sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	fmt.Println(pin, err)
	// Output:
	// 0000000000000000000000000000000000000000000000000000000000000000 <nil>
}

func ExampleNewProxy() {
	c, err := connector.NewProxy("http://user:password@proxy.example:3128", connector.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(c.ForceClose())
	_, err = connector.NewProxy("ftp://user:password@proxy.example", connector.Config{})
	fmt.Println(err)
	// Output:
	// true
	// invalid url ftp://***@proxy.example: a proxy is http, https, socks5 or socks5h
}
