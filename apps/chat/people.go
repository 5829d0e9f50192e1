package chat

import (
	"strings"

	"github.com/briohq/brio"
)

// people are those who are connected, by ID.
type people map[string]*guest

// guest is a connected person and how many tabs they have open.
type guest struct {
	Person
	tabs int
}

// arrive counts a tab of somebody. Whoever is here already keeps the name they
// have; a newcomer gets the one they ask for, or none and the reason.
func (p people) arrive(id, name string) (Person, error) {
	g := p[id]
	if g == nil {
		g = &guest{Person: Person{ID: id}}
		p[id] = g
	}
	g.tabs++

	if g.Name != "" || name == "" {
		return g.Person, nil
	}

	return p.rename(id, name)
}

// depart uncounts a tab; with the last one its person is gone.
func (p people) depart(id string) {
	g := p[id]
	if g == nil {
		return
	}
	g.tabs--
	if g.tabs == 0 {
		delete(p, id)
	}
}

// rename gives somebody a name that nobody else here has.
func (p people) rename(id, name string) (Person, error) {
	g := p[id]
	name, err := cleanName(name)
	if err != nil {
		return g.Person, err
	}
	for _, other := range p {
		if other.ID != id && strings.EqualFold(other.Name, name) {
			return g.Person, brio.Errorf("%s is here already. Choose another name.", other.Name)
		}
	}
	g.Name = name

	return g.Person, nil
}

// speaker returns somebody who has a name, or says that they need one.
func (p people) speaker(id string) (Person, error) {
	if g := p[id]; g != nil && g.Name != "" {
		return g.Person, nil
	}

	return Person{}, brio.Errorf("Choose a name first.")
}
