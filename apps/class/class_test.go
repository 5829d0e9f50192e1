package class

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
)

func TestRolesAreEnforced(t *testing.T) {
	s := openSchool(t, site.Config{Quiet: true})
	student, teacher, card := s.enter(t, "student", "student"), s.enter(t, "teacher", "teacher"), s.enter(t, "", "")
	for name, do := range map[string]func(*briotest.Client) error{
		"answer": func(c *briotest.Client) error { _, err := Answer.Do(t.Context(), c, Choice{}); return err },
		"hand":   func(c *briotest.Client) error { _, err := Hand.Do(t.Context(), c, true); return err },
		"launch": func(c *briotest.Client) error { _, err := Launch.Do(t.Context(), c, sum(10)); return err },
		"floor":  func(c *briotest.Client) error { _, err := Floor.Do(t.Context(), c, "student"); return err },
		"react":  func(c *briotest.Client) error { _, err := React.Do(t.Context(), c, "heart"); return err },
	} {
		refused(t, do(card), "Without a pass")
		switch name {
		case "answer", "hand":
			refused(t, do(teacher), "this takes the role student")
		case "launch", "floor":
			refused(t, do(student), "this takes the role teacher")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.question.ID != 0 || len(s.hands) > 0 {
		t.Errorf("what was refused has happened: %+v, %v", s.question, s.hands)
	}
}

func TestQuestionsThatAreRefused(t *testing.T) {
	s := openSchool(t, site.Config{Quiet: true})
	teacher, student := s.enter(t, "teacher", "teacher"), s.enter(t, "student", "student")
	for want, change := range map[string]func(*Question){
		"Write a question of up to 160": func(q *Question) { q.Text = "  " },
		"2 to 6 choices":                func(q *Question) { q.Choices = q.Choices[:1] },
		"choices of up to 60":           func(q *Question) { q.Choices[0] = strings.Repeat("ä", 61) },
		"Mark the choice":               func(q *Question) { q.Right = 3 },
		"give 5 to 120 seconds":         func(q *Question) { q.Seconds = 121 },
	} {
		q := sum(10)
		change(&q)
		_, err := Launch.Do(t.Context(), teacher, q)
		refused(t, err, want)
	}
	forged := sum(10)
	forged.ID, forged.Rung, forged.Answered, forged.Counts = 1, true, 99, []int{1, 2, 3}
	id := briotest.Do(t, teacher, Launch, forged)
	q := briotest.Next(t, student, Posed)
	if q.ID != id || q.ID == 1 || q.Rung || q.Answered != 0 || q.By.ID != "teacher" || q.Bell != id+10_000 {
		t.Errorf("on the board is %+v", q)
	}
	_, err := Launch.Do(t.Context(), teacher, sum(10))
	refused(t, err, "A question is on the board")
	for _, c := range []Choice{{Question: id, Choice: 3}, {Question: id, Choice: -1}, {Question: id - 1}} {
		_, err := Answer.Do(t.Context(), student, c)
		refused(t, err, "no choice of the question on the board")
	}
	own := s.enter(t, "teacher", "student")
	_, err = Answer.Do(t.Context(), own, Choice{Question: id})
	refused(t, err, "You have asked this one")
}

// Who comes late, or comes back, sees the question with the time that is left, and what
// they have answered.
func TestLateAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSchool(t, site.Config{Quiet: true})
		teacher, ada := s.enter(t, "teacher", "teacher"), s.enter(t, "ada", "student")
		if place := briotest.Next(t, teacher, Place); len(place.Quiz) != len(quiz) {
			t.Errorf("the teacher has %d questions in store, want %d", len(place.Quiz), len(quiz))
		}
		id := briotest.Do(t, teacher, Launch, sum(30))
		time.Sleep(4 * time.Second)
		receipt := briotest.Do(t, ada, Answer, Choice{Question: id, Choice: 2})
		if receipt.Took != 4000 {
			t.Errorf("the answer has taken %d ms, want 4000", receipt.Took)
		}
		time.Sleep(6 * time.Second)

		late := s.enter(t, "late", "student")
		if q := briotest.Next(t, late, Posed); q.Bell-briotest.Do(t, late, Clock, brio.None{}) < 19_000 || q.Rung || q.Answered != 1 {
			t.Errorf("who is late sees %+v", q)
		}
		ada.Drop()
		ada.Returned(t)
		briotest.Next(t, ada, Place)
		if place := briotest.Next(t, ada, Place); place.Mine != receipt {
			t.Errorf("who is back has answered %+v, want %+v", place.Mine, receipt)
		}
		if again := briotest.Do(t, ada, Answer, Choice{Question: id, Choice: 2}); again != receipt {
			t.Errorf("the same answer again is acknowledged with %+v, want %+v", again, receipt)
		}
		time.Sleep(20 * time.Second)
		until(t, func() Question { return briotest.Next(t, late, Posed) }, func(q Question) bool { return q.Rung && q.Answered == 1 })
		if again := briotest.Do(t, ada, Answer, Choice{Question: id, Choice: 2}); again != receipt {
			t.Errorf("after the bell it is acknowledged with %+v, want %+v", again, receipt)
		}
	})
}

func TestHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSchool(t, site.Config{Quiet: true})
		teacher, ada, bob := s.enter(t, "teacher", "teacher"), s.enter(t, "ada", "student"), s.enter(t, "bob", "student")
		room := func(names string) {
			t.Helper()
			until(t, func() Room { return briotest.Next(t, teacher, InRoom) }, func(r Room) bool {
				got := ""
				for _, p := range r.Hands {
					got += p.Name + " "
				}
				if r.Floor != nil {
					got += "floor: " + r.Floor.Name
				}
				return strings.TrimSpace(got) == names
			})
		}
		briotest.Do(t, bob, Hand, true)
		briotest.Do(t, ada, Hand, true)
		briotest.Do(t, bob, Hand, true)
		room("bob ada")
		if who := briotest.Do(t, teacher, Floor, "bob"); who.Name != "bob" {
			t.Errorf("the floor is given to %+v", who)
		}
		room("ada floor: bob")
		_, err := Floor.Do(t.Context(), teacher, "bob")
		refused(t, err, "That hand is down again")
		briotest.Do(t, bob, Hand, true)
		room("ada bob floor: bob")
		briotest.Do(t, ada, Hand, false)
		room("bob floor: bob")
		bob.Close()
		room("floor: bob")
		briotest.Do(t, teacher, Launch, sum(10))
		room("")
	})
}

func TestHandsHaveALimit(t *testing.T) {
	l := lesson{}
	for i := range maxListed {
		if _, err := l.hand(site.Person{ID: fmt.Sprint(i)}, true); err != nil {
			t.Fatal(err)
		}
	}
	_, err := l.hand(site.Person{ID: "late"}, true)
	refused(t, err, "40 hands are up")
	if _, err := l.hand(site.Person{ID: "0"}, true); err != nil || len(l.hands) != maxListed {
		t.Errorf("a hand that is up is put up again: %v, %d", err, len(l.hands))
	}
}

func TestReactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSchool(t, site.Config{Quiet: true})
		ada, bob, card := s.enter(t, "ada", "student"), s.enter(t, "bob", "teacher"), s.enter(t, "", "")
		time.Sleep(1050 * time.Millisecond) // between two ticks
		briotest.Do(t, ada, React, "heart")
		briotest.Do(t, bob, React, "heart")
		_, err := React.Do(t.Context(), ada, "bravo")
		refused(t, err, "One reaction at a time")
		_, err = React.Do(t.Context(), ada, "<b>")
		refused(t, err, "One reaction at a time")
		if got := briotest.Next(t, card, Reacted); len(got) != 2 || got[0] != "heart" || got[1] != "heart" {
			t.Errorf("everybody sees %q", got)
		}
		time.Sleep(time.Second)
		briotest.Do(t, ada, React, "bravo")
		if got := briotest.Next(t, card, Reacted); len(got) != 1 || got[0] != "bravo" {
			t.Errorf("then %q", got)
		}
	})
}

// A question that is on the board when the server ends counts, too.
func TestPointsOutliveTheServer(t *testing.T) {
	folder := t.TempDir()
	before, err := site.Open(site.Config{Data: folder, Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	c := New(before)
	ada := site.Person{ID: "ada", Name: "Ada", Role: "student"}
	id, err := c.launch(linde, sum(5))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.answer(ada, Choice{Question: id, Choice: 1}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	if err := before.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := openSchool(t, site.Config{Data: folder, Quiet: true})
	if len(s.board) != 1 || s.board[0].ID != "ada" || s.board[0].Rank != 1 || s.board[0].Points < 900 {
		t.Errorf("the board is %+v", s.board)
	}
}

// One visitor finds a class that is alive.
func TestSimulatedPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSchool(t, site.Config{})
		ada := s.enter(t, "ada", "student")
		q := briotest.Next(t, ada, Posed)
		if q.By != linde {
			t.Errorf("the question is asked by %+v", q.By)
		}
		room := until(t, func() Room { return briotest.Next(t, ada, InRoom) }, func(r Room) bool { return r.Count == len(pupils)+2 })
		if len(room.People) != room.Count {
			t.Errorf("%d of %d are listed", len(room.People), room.Count)
		}
		briotest.Do(t, ada, Hand, true)
		until(t, func() Room { return briotest.Next(t, ada, InRoom) }, func(r Room) bool { return r.Floor != nil && r.Floor.ID == "ada" })
		time.Sleep(3 * time.Minute)

		asked, right, answers := 0, 0, 0
		if err := s.site.DB.QueryRow(`SELECT count(DISTINCT question), sum(points > 0), count(*) FROM class_answer`).Scan(&asked, &right, &answers); err != nil {
			t.Fatal(err)
		}
		if asked < 6 || answers < asked*len(pupils)*3/5 || answers == asked*len(pupils) || right < answers/2 || right > answers*9/10 {
			t.Errorf("in three minutes there are %d questions, %d answers and %d right ones", asked, answers, right)
		}

		teacher := s.enter(t, "teacher", "teacher")
		time.Sleep(time.Minute)
		id := briotest.Do(t, teacher, Launch, sum(10))
		time.Sleep(11 * time.Second)
		s.mu.Lock()
		if s.question.ID != id || s.question.Answered < len(pupils)/2 {
			t.Errorf("a person teaches, and on the board is %+v", s.question)
		}
		s.mu.Unlock()

		briotest.Do(t, teacher, site.Simulate, false)
		until(t, func() Room { return briotest.Next(t, teacher, InRoom) }, func(r Room) bool { return r.Count == 2 })
		teacher.Close()
		time.Sleep(time.Minute)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.question.ID != id {
			t.Errorf("they are switched off, and ask %+v", s.question)
		}
	})
}

// What is in the files by hand is as the server wants it.
func TestFiles(t *testing.T) {
	for _, q := range quiz {
		l := lesson{question: Question{Rung: true}}
		if _, err := l.launch(linde, q); err != nil {
			t.Errorf("%s: %v", q.Text, err)
		}
	}
	if l := page.Limits; l["text"] != maxText || l["choice"] != maxChoice || l["choices"] != maxChoices {
		t.Errorf("the page has the limits %v", l)
	}
	if len(pupils)+1 > maxListed {
		t.Errorf("%d pupils don't fit", len(pupils))
	}
}

// Points count for twelve questions, and places are shared.
func TestBoard(t *testing.T) {
	s := openSchool(t, site.Config{Quiet: true})
	for i := range 14 {
		s.question = Question{ID: int64(i + 1), Right: 0, Seconds: 10, Choices: []string{"a", "b"}}
		s.answers = map[string]Choice{
			"ada": {Person: site.Person{ID: "ada", Name: "Ada"}, Took: 2000},
			"bob": {Person: site.Person{ID: "bob", Name: "Bob"}, Took: 2000},
			"eve": {Person: site.Person{ID: "eve", Name: "Eve"}, Choice: 1, Took: 10},
		}
		if i == 0 {
			s.answers["old"] = Choice{Person: site.Person{ID: "old", Name: "Old"}}
		}
		s.settle()
	}
	want := []Rank{
		{site.Person{ID: "ada", Name: "Ada"}, 1, 12 * 900, 900},
		{site.Person{ID: "bob", Name: "Bob"}, 1, 12 * 900, 900},
		{site.Person{ID: "eve", Name: "Eve"}, 3, 0, 0},
	}
	if diff := cmp.Diff(want, s.board); diff != "" {
		t.Error(diff)
	}
}
