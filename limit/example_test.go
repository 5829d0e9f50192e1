package limit_test

import (
	"net"
	"net/http"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/briohq/brio"
	"github.com/briohq/brio/limit"
)

// Behind a load balancer that passes TCP on and speaks the PROXY protocol, the
// listener tells limits and handlers who the client is. Connections that come from
// elsewhere, or have no header, are closed.
func ExampleAddress_proxyProtocol() {
	server := brio.NewServer(brio.Config{
		AllowRequest: limit.Handshakes(limit.HandshakesConfig{Address: limit.Rate{PerSecond: 5, Burst: 20}}).Allow,
	})
	http.Handle("/socket.io/", server)

	policy, err := proxyproto.TrustProxyHeaderFromRanges([]string{"10.0.0.0/24"}) // the load balancers
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", ":3000")
	if err != nil {
		panic(err)
	}
	web := http.Server{ReadHeaderTimeout: 10 * time.Second}
	panic(web.Serve(&proxyproto.Listener{Listener: listener, ConnPolicy: policy, ReadHeaderTimeout: 5 * time.Second}))
}
