package limit

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Address returns the address of the client of a request. What a proxy writes into
// X-Forwarded-For counts only if the request comes from a trusted one; of several
// addresses there, the last that is not a trusted proxy's is the client's, as those
// before it are what the client says itself. An IPv6 client is told by its network of
// 64 bits, of which one subscriber has all. It is the zero Addr if there is none, as
// on a network in memory.
//
// No other header is read: have the proxy write this one. With the PROXY protocol the
// listener of the http.Server tells the address, as in the example; trusted are
// proxies then that stand before the one which speaks it.
func Address(remote string, header http.Header, trusted []netip.Prefix) netip.Addr {
	address := parse(remote)
	if !among(address, trusted) {
		return subscriber(address)
	}
	hops := strings.Split(strings.Join(header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next := parse(strings.TrimSpace(hop))
		if !next.IsValid() {
			break // what nobody understands, nobody has checked
		}
		address = next
		if !among(address, trusted) {
			break
		}
	}

	return subscriber(address)
}

func among(address netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(address) })
}

// parse reads an address, with a port or without.
func parse(s string) netip.Addr {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	address, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}

	return address.Unmap().WithZone("")
}

func subscriber(address netip.Addr) netip.Addr {
	if !address.Is6() {
		return address
	}
	p, err := address.Prefix(64)
	if err != nil {
		return address
	}

	return p.Addr()
}
