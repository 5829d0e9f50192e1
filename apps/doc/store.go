package doc

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/briohq/brio/apps/site"
)

const schema = `CREATE TABLE IF NOT EXISTS doc_text (name TEXT PRIMARY KEY, text TEXT NOT NULL, kept BLOB NOT NULL)`

// load reads what is stored.
func (d *Doc) load() error {
	d.site.Schema(schema)
	rows, err := d.site.DB.QueryContext(context.Background(), `SELECT name, text, kept FROM doc_text`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, whole, state string
		err := rows.Scan(&name, &whole, &state)
		t := d.add(name)
		if err := errors.Join(err, json.Unmarshal([]byte(state), &t.kept)); err != nil {
			return err
		}
		t.runes, t.stored = []rune(whole), t.Revision
	}
	return rows.Err()
}

// flush tells people of each other, and stores the documents that have changed.
func (d *Doc) flush() {
	var errs []error
	changed := map[string][2]any{}
	d.mu.Lock()
	for name, t := range d.texts {
		now := d.presence(name, t)
		switch {
		case t.stored != t.Revision:
			state, err := json.Marshal(t.kept)
			changed[name], errs, t.stored = [2]any{string(t.runes), state}, append(errs, err), t.Revision
		case len(t.runes)+len(now.People) == 0 && name != home:
			delete(d.texts, name)
		}
		if !reflect.DeepEqual(now, t.told) {
			errs, t.told = append(errs, People.Emit(d.ns.To(name).Latest("people"), now)), now
		}
	}
	d.mu.Unlock()
	for name, row := range changed {
		_, err := d.site.DB.ExecContext(context.Background(), `REPLACE INTO doc_text VALUES (?, ?, ?)`, name, row[0], row[1])
		_, dropped := d.site.DB.ExecContext(context.Background(), `DELETE FROM doc_text WHERE text = ''`)
		errs = append(errs, err, dropped)
	}
	d.site.Warn("tell and store", errors.Join(errs...))
}

// presence is who has a document open. Selections of those who have gone are dropped.
func (d *Doc) presence(name string, t *text) Presence {
	now := Presence{Doc: name, People: []Person{}, Documents: slices.Sorted(maps.Keys(d.texts))}
	if name == home {
		now.People = d.bots.people(t)
	}
	selections := map[string][2]int{}
	for _, p := range now.People {
		selections[p.Client] = p.Selection
	}
	for s := range d.ns.To(name).Sockets() {
		who, client := site.Who(s), place.Get(s)[1]
		if _, twice := selections[client]; who.ID != "" && !twice && len(now.People) < maxPeople {
			selections[client] = t.selections[client]
			now.People = append(now.People, Person{Person: who, Client: client, Selection: selections[client]})
		}
	}
	slices.SortFunc(now.People, func(a, b Person) int { return cmp.Compare(a.Client, b.Client) })
	t.selections = selections
	return now
}
