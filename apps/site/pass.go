package site

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/briohq/brio"
)

// MaxName is the length of a person's name, in characters.
const MaxName = 24

// lasting is how long a pass is good for.
const lasting = 30 * 24 * time.Hour

// Roles are the ones a pass may have: one may choose, as this is a demo.
var Roles = []string{"visitor", "teacher", "student", "agent", "customer"}

// Person is who a pass was made for. ID tells people apart, whatever their name.
// Somebody without a pass, such as a card on the start page, only looks on: the zero
// Person.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role"`
}

const person brio.Key[Person] = "person"

// Who returns who a socket is.
func Who(s *brio.Socket) Person { return person.Get(s) }

// Must returns who a socket is, or an error that says what to do if it has no pass
// or, where there are roles, one of another role.
func Must(s *brio.Socket, roles ...string) (Person, error) {
	who := Who(s)
	switch {
	case who.ID == "":
		return who, brio.Errorf("Without a pass you can only look on. Open the application's page to get one.")
	case len(roles) > 0 && !slices.Contains(roles, who.Role):
		return who, brio.Errorf("You are here as %s; this takes the role %s.", who.Role, strings.Join(roles, " or "))
	}

	return who, nil
}

// Passes makes and checks passes: signed tokens that say who somebody is. Its
// methods may be called concurrently.
type Passes struct {
	key    []byte
	parser *jwt.Parser
}

// claims is what a pass says.
type claims struct {
	jwt.RegisteredClaims
	Name string `json:"name"`
	Role string `json:"role"`
}

// openPasses keeps the key in the database, so that passes outlive the program as
// the rest does.
func openPasses(db *sql.DB) (*Passes, error) {
	ctx := context.Background()
	if _, err := db.ExecContext(ctx, `
		CREATE TABLE IF NOT EXISTS site_key (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL);
		INSERT OR IGNORE INTO site_key VALUES (1, randomblob(32))`); err != nil {
		return nil, err
	}
	p := &Passes{parser: jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithIssuer("brio demo"))}

	return p, db.QueryRowContext(ctx, `SELECT key FROM site_key`).Scan(&p.key)
}

// Make makes a pass for somebody.
func (p *Passes) Make(who Person) (string, error) {
	now := time.Now()

	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    "brio demo",
			Subject:   who.ID,
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(lasting)),
		},
		Name: who.Name,
		Role: who.Role,
	}).SignedString(p.key)
}

// Check returns whom a pass was made for.
func (p *Passes) Check(pass string) (Person, error) {
	var c claims
	_, err := p.parser.ParseWithClaims(pass, &c, func(*jwt.Token) (any, error) { return p.key, nil })

	return Person{ID: c.Subject, Name: c.Name, Role: c.Role}, err
}

// Admit is the middleware of every application: it refuses a pass that is not
// good, and lets those without one in to look on. A page that sees the code "pass"
// asks for a new one.
func (p *Passes) Admit(_ context.Context, s *brio.Socket) error {
	var auth struct {
		Pass string `json:"pass"`
	}
	if err := s.Handshake().ScanAuth(&auth); err != nil {
		return brio.Errorf("Connect with an object that has a pass, or without one.")
	}
	if auth.Pass == "" {
		return nil
	}
	who, err := p.Check(auth.Pass)
	if err != nil {
		return &brio.Error{Message: "This pass is not good any more. Ask for a new one.", Data: map[string]string{"code": "pass"}}
	}
	person.Set(s, who)

	return nil
}

// ServeHTTP makes a pass: POST {"name", "role", "pass"}. Without a name it finds
// one; with a good pass it is a pass of the same person.
func (p *Passes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		w.Header().Set("Allow", http.MethodPost)
		answer(w, http.StatusMethodNotAllowed, map[string]string{"error": "POST an object of a name, a role and your pass, as application/json."})
		return
	}
	var asked struct {
		Name string `json:"name"`
		Role string `json:"role"`
		Pass string `json:"pass"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&asked); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "POST an object of a name, a role and your pass."})
		return
	}
	who, err := p.newPerson(asked.Name, asked.Role, asked.Pass)
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	pass, err := p.Make(who)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": "The pass could not be signed. Try again."})
		return
	}
	answer(w, http.StatusOK, map[string]any{"pass": pass, "person": who})
}

func (p *Passes) newPerson(name, role, pass string) (Person, error) {
	if role == "" {
		role = Roles[0]
	}
	if !slices.Contains(Roles, role) {
		return Person{}, fmt.Errorf("There is no such role. Choose one of %s.", strings.Join(Roles, ", ")) //nolint:staticcheck // for a person at a page
	}
	who := Person{ID: rand.Text()[:12], Role: role}
	if before, err := p.Check(pass); err == nil {
		who.ID, who.Name = before.ID, before.Name
	}
	if name == "" && who.Name == "" {
		name = Name(who.ID)
	}
	if name != "" {
		name, err := CleanName(name)
		if err != nil {
			return who, err
		}
		who.Name = name
	}

	return who, nil
}

// CleanName returns a name as it is shown: one line without spaces around it.
func CleanName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	visible := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
	switch {
	case !utf8.ValidString(name) || !strings.ContainsFunc(name, visible) || strings.ContainsFunc(name, unicode.IsControl):
		return "", brio.Errorf("Choose a name with at least one letter.")
	case utf8.RuneCountInString(name) > MaxName:
		return "", brio.Errorf("Choose a name of at most %d characters.", MaxName)
	}

	return name, nil
}

// Name finds a name for somebody who gave none, always the same.
func Name(id string) string {
	hash := uint32(2166136261)
	for _, b := range []byte(id) {
		hash = (hash ^ uint32(b)) * 16777619
	}

	return tempers[hash%uint32(len(tempers))] + " " + animals[hash/64%uint32(len(animals))]
}

var (
	tempers = []string{"Calm", "Brisk", "Bright", "Quiet", "Bold", "Kind", "Keen", "Merry", "Swift", "Wise", "Gentle", "Proud"}
	animals = []string{"Otter", "Heron", "Lynx", "Marten", "Wren", "Badger", "Fox", "Owl", "Hare", "Seal", "Robin", "Stoat", "Crane", "Beaver", "Newt", "Falcon"}
)

func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		err = errors.Join(errors.New("encode the answer"), err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has gone away needs no answer
}
