package jar_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/jar"
)

// The URLs of the examples.
var (
	shop  = &url.URL{Scheme: "https", Host: "shop.example.com", Path: "/cart/items"}
	local = &url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: "/"}
)

func ExampleNew() {
	j := jar.New(jar.Config{}) // for http.Client.Jar or session.Config.Jar
	j.SetCookieHeaders(shop, []string{"id=7; Path=/; Secure", "lang=en; Domain=example.com; Path=/"})
	for c := range j.All() {
		fmt.Println(c.Domain, c.Path, c.Name, c.Value, c.HostOnly)
	}
	// Output:
	// shop.example.com / id 7 true
	// example.com / lang en false
}

func ExampleConfig_onReject() {
	j := jar.New(jar.Config{OnReject: func(c *http.Cookie, reason jar.Reason) {
		fmt.Printf("%s: %s\n", c.Name, reason)
	}})
	j.SetCookieHeaders(shop, []string{"a=1; Domain=other.com", "b=1; Domain=com"})
	j.SetCookieHeaders(local, []string{"c=1"})
	// Output:
	// a: domain does not match the host
	// b: domain is a public suffix
	// c: host is an ip address
}

func ExampleConfig_unsafe() {
	j := jar.New(jar.Config{Unsafe: true})
	j.SetCookieHeaders(local, []string{"id=7"})
	fmt.Println(j.Cookies(local))
	// Output: [id=7]
}

func ExampleConfig_treatAsSecureOrigin() {
	dev := &url.URL{Scheme: "http", Host: "localhost:8080", Path: "/"}
	for _, origins := range [][]string{nil, {"http://localhost:8080"}} {
		j := jar.New(jar.Config{TreatAsSecureOrigin: origins})
		j.SetCookieHeaders(dev, []string{"id=7; Secure"})
		fmt.Println(j.Cookies(dev))
	}
	// Output:
	// []
	// [id=7]
}

func ExampleConfig_quoteCookie() {
	for _, quoting := range []jar.Quote{jar.QuoteOctal, jar.QuoteNever} {
		j := jar.New(jar.Config{QuoteCookie: quoting})
		j.Update([]*http.Cookie{{Name: "a", Value: "x,y"}}, shop)
		for c := range j.All() {
			fmt.Println(c.Value, c.Quoted, c.Plain())
		}
	}
	// Output:
	// x\054y true x,y
	// x,y false x,y
}

func ExampleJar_Update() {
	j := jar.New(jar.Config{})
	j.Update([]*http.Cookie{{Name: "everywhere", Value: "1"}}, nil)
	j.Update([]*http.Cookie{{Name: "there", Value: "2"}}, shop)
	fmt.Println(j.Cookies(shop))
	fmt.Println(j.Cookies(local))
	// Output:
	// [there=2 everywhere=1]
	// [everywhere=1]
}

func ExampleJar_Cookies() {
	j := jar.New(jar.Config{})
	j.SetCookieHeaders(shop, []string{"a=site; Path=/", "a=cart; Path=/cart"})
	fmt.Println(j.Cookies(shop))
	fmt.Println(j.Filter(shop)[0].Value)
	// Output:
	// [a=cart a=site]
	// cart
}

func ExampleJar_Match() {
	j := jar.New(jar.Config{})
	once := []*http.Cookie{{Name: "a", Value: "1"}, {Name: "b", Value: "2", Domain: "example.org"}}
	fmt.Println(j.Match(shop, once), j.Len())
	// Output: [a=1] 0
}

func ExampleJar_Clear() {
	j := jar.New(jar.Config{})
	j.SetCookieHeaders(shop, []string{"id=7; Max-Age=3600", "theme=dark"})
	j.Clear(func(c *jar.Cookie) bool { return c.Expires.IsZero() }) // as at the end of a browser's session
	for c := range j.All() {
		fmt.Println(c.Name)
	}
	j.Clear(nil)
	fmt.Println(j.Len())
	// Output:
	// id
	// 0
}

func ExampleJar_ClearDomain() {
	j := jar.New(jar.Config{})
	j.SetCookieHeaders(shop, []string{"a=1", "b=1; Domain=example.com"})
	j.ClearDomain("shop.example.com")
	for c := range j.All() {
		fmt.Println(c.Name)
	}
	// Output: b
}

func ExampleJar_Save() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "cookies.json")

	j := jar.New(jar.Config{})
	j.SetCookieHeaders(shop, []string{"id=7"})
	if err := j.Save(file); err != nil {
		fmt.Println(err)
	}
	again := jar.New(jar.Config{})
	if err := again.Load(file); err != nil {
		fmt.Println(err)
	}
	fmt.Println(again.Cookies(shop))
	// Output: [id=7]
}

func ExampleJar_WriteJSON() {
	j := jar.New(jar.Config{})
	j.SetCookieHeaders(shop, []string{"id=7; Path=/"})
	if err := j.WriteJSON(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {
	//   "shop.example.com|": {
	//     "id": {
	//       "key": "id",
	//       "value": "7",
	//       "coded_value": "7",
	//       "path": "/",
	//       "domain": "shop.example.com",
	//       "host_only": true
	//     }
	//   }
	// }
}

func ExampleJar_ReadNetscape() {
	const text = "# Netscape HTTP Cookie File\n.example.com\tTRUE\t/\tTRUE\t0\tid\t7\n"
	j := jar.New(jar.Config{})
	if err := j.ReadNetscape(strings.NewReader(text)); err != nil {
		fmt.Println(err)
	}
	fmt.Println(j.Cookies(shop))
	fmt.Println(j.ReadNetscape(strings.NewReader("no cookies")), j.Len())
	// Output:
	// [id=7]
	// load cookies: cookies.txt: line 1: not seven fields separated by tabs 1
}

func ExampleParseSetCookie() {
	c, err := jar.ParseSetCookie(`{id}="a;b"; path=/; secure=yes; Expires=Tue, 1 Jan 2030 00:00:00`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Name, c.Value, c.Path, c.Secure, c.Expires.Year())
	_, err = jar.ParseSetCookie("no cookie")
	fmt.Println(err)
	// Output:
	// {id} a;b / true 2030
	// parse set-cookie: not a cookie
}

func ExampleParseSetCookies() {
	cookies, err := jar.ParseSetCookies("a=1; Path=/x; b=2; Secure")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range cookies {
		fmt.Println(c)
	}
	// Output:
	// a=1; Path=/x
	// b=2; Secure
}

func ExampleParseCookies() {
	fmt.Println(jar.ParseCookies("path=1; b=2; broken"))
	// Output: [path=1 b=2]
}

func ExampleDiscard() {
	client := &http.Client{Jar: jar.Discard{}}
	client.Jar.SetCookies(shop, []*http.Cookie{{Name: "a", Value: "1"}})
	fmt.Println(len(client.Jar.Cookies(shop)))
	// Output: 0
}

func ExampleConfig_now() {
	clock := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	j := jar.New(jar.Config{Now: func() time.Time { return clock }})
	j.SetCookieHeaders(shop, []string{"id=7; Max-Age=3600"})
	fmt.Println(j.Cookies(shop))
	clock = clock.Add(time.Hour)
	fmt.Println(j.Cookies(shop))
	// Output:
	// [id=7]
	// []
}

func ExampleFileError() {
	j := jar.New(jar.Config{})
	err := j.ReadNetscape(strings.NewReader(".example.com\tTRUE\t/\tFALSE\t0\tlang\ten\nstray\n"))
	if bad, ok := errors.AsType[*jar.FileError](err); ok && bad.Partial {
		fmt.Println("warning:", bad)
	}
	fmt.Println(j.Cookies(shop))
	// Output:
	// warning: load cookies: cookies.txt: line 2: not seven fields separated by tabs
	// [lang=en]
}
