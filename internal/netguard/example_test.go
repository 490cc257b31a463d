package netguard_test

import (
	"fmt"
	"net/netip"

	"github.com/aiolos-http/aiolos/internal/netguard"
)

func ExamplePublic() {
	for _, s := range []string{"93.184.215.14", "169.254.169.254", "fd12::1"} {
		fmt.Println(netguard.Public(netip.MustParseAddr(s)))
	}
	// Output:
	// <nil>
	// address 169.254.169.254 refused: cloud metadata
	// address fd12::1 refused: private
}

func ExampleClassify() {
	fmt.Println(netguard.Classify(netip.MustParseAddr("100.64.0.1")))
	fmt.Println(netguard.Classify(netip.MustParseAddr("64:ff9b::10.0.0.1")))
	// Output:
	// carrier-grade nat
	// nat64 to a refused address
}

func ExampleCanonicalIPv4() {
	for _, host := range []string{"127.0.0.1", "0x7f.1", "2130706433", "example.com"} {
		numeric, canonical := netguard.CanonicalIPv4(host)
		fmt.Println(host, numeric, canonical)
	}
	// Output:
	// 127.0.0.1 true true
	// 0x7f.1 true false
	// 2130706433 true false
	// example.com false false
}
