package auth_test

import (
	"context"

	"github.com/briohq/brio"
	"github.com/briohq/brio/auth"
)

// Claims are those of the application's tokens.
type Claims struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

const (
	say  brio.Event[string] = "say"
	said brio.Event[string] = "said"
)

func Example() {
	server := brio.NewServer(brio.Config{})
	chat := server.Of("/chat")
	secret := []byte("thirty-two bytes from crypto/rand, kept elsewhere")
	users := auth.New(chat, auth.Config[Claims]{
		Keys:     auth.HMAC(secret), // or auth.JWKS, of an identity provider
		Issuer:   "https://accounts.example.com",
		Audience: "chat",
	})
	say.Handle(chat, func(_ context.Context, s *brio.Socket, text string) error {
		t := users.Token(s)
		if t.Claims.Role == "reader" {
			return brio.Errorf("You may only read here.")
		}

		return said.Emit(s.Broadcast(), t.Claims.Name+": "+text)
	})

	// To all windows of one user, on all nodes:
	if err := said.Emit(chat.To(auth.Room("user-17")), "Only you see this."); err != nil {
		panic(err)
	}
	// Output:
}
