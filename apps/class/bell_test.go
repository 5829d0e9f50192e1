package class

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
)

// Hundreds answer around the bell, each from two tabs, some twice and some with second
// thoughts: those that are in time count, once, and nobody else.
func TestBell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const students = 300
		s := openSchool(t, site.Config{Quiet: true})
		teacher, card := s.enter(t, "teacher", "teacher"), s.enter(t, "", "")
		tabs := make([][2]*briotest.Client, students)
		for i := range tabs {
			for tab := range tabs[i] {
				tabs[i][tab] = s.enter(t, fmt.Sprintf("student %03d", i), "student")
			}
		}
		id := briotest.Do(t, teacher, Launch, sum(10))
		bell := time.UnixMilli(id).Add(10 * time.Second)
		if now := time.Now(); !now.Before(bell) {
			t.Fatalf("asked at %v, the bell is at %v", now, bell)
		}

		var mu sync.Mutex // guards what follows
		counted := map[string]Choice{}
		late := 0
		var answering sync.WaitGroup
		for i := range tabs {
			for tab := range tabs[i] {
				answering.Go(func() {
					time.Sleep(time.Until(bell) + time.Duration(i-students/2)*time.Millisecond)
					choice := Choice{Question: id, Choice: i % 3}
					if i%5 == 0 {
						choice.Choice = (i + tab) % 3
					}
					got, err := Answer.Do(t.Context(), tabs[i][tab], choice)
					mu.Lock()
					defer mu.Unlock()
					switch before, again := counted[got.ID]; {
					case err == nil && again && got != before:
						t.Errorf("%s is told %+v, and before %+v", got.ID, got, before)
					case err == nil:
						counted[got.ID] = got
					case strings.Contains(err.Error(), "The bell rang"):
						late++
					case i%5 != 0 || !strings.Contains(err.Error(), "Your first answer counts"):
						t.Errorf("student %d: %v", i, err)
					}
				})
			}
		}
		answering.Wait()
		if len(counted) != students/2 || late != students {
			t.Errorf("%d count and %d answers are late, want those of %d students on either side", len(counted), late, students/2)
		}

		time.Sleep(time.Second)
		last := until(t, func() Question { return briotest.Next(t, teacher, Posed) }, func(q Question) bool { return q.Rung })
		want := make([]int, 3)
		for who, c := range counted {
			if c.Took >= 10_000 || c.Took < 9000 {
				t.Errorf("%s has taken %d ms", who, c.Took)
			}
			want[c.Choice]++
		}
		if last.Answered != len(counted) || !cmp.Equal(last.Counts, want) {
			t.Errorf("the board shows %d, %v; acknowledged were %d, %v", last.Answered, last.Counts, len(counted), want)
		}
		checkStored(t, s, counted)
		for i := range tabs {
			checkPlace(t, tabs[i][0], fmt.Sprintf("student %03d", i), counted)
			checkNothingLeaks(t, tabs[i][0])
		}
		checkNothingLeaks(t, card)
	})
}

// checkStored compares what is stored with what was acknowledged.
func checkStored(t *testing.T, s school, counted map[string]Choice) {
	t.Helper()
	rows, err := s.site.DB.Query(`SELECT person, choice, took, points FROM class_answer`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	stored := 0
	for rows.Next() {
		var who string
		var choice, points int
		var took int64
		if err := rows.Scan(&who, &choice, &took, &points); err != nil {
			t.Fatal(err)
		}
		stored++
		if c, ok := counted[who]; !ok || c.Choice != choice || c.Took != took || points != worth(c) {
			t.Errorf("stored of %s: %d in %d ms for %d points; acknowledged: %+v", who, choice, took, points, c)
		}
	}
	if err := rows.Err(); err != nil || stored != len(counted) {
		t.Errorf("%d are stored, %v; acknowledged were %d", stored, err, len(counted))
	}
}

// worth is what an answer to [sum](10) brings.
func worth(c Choice) int {
	if c.Choice != 1 {
		return 0
	}
	return 1000 - int(c.Took)/20
}

// checkPlace looks at what a student is told after the bell.
func checkPlace(t *testing.T, student *briotest.Client, who string, counted map[string]Choice) {
	t.Helper()
	briotest.Next(t, student, Place) // on connecting
	place := briotest.Next(t, student, Place)
	c, ok := counted[who]
	if place.Mine != c || ok && (place.You.Points != worth(c) || place.You.Gained != worth(c) || place.You.Rank == 0) || !ok && place.You.Rank != 0 {
		t.Errorf("%s is told %+v, and has acknowledged %+v", who, place, c)
	}
	better := 0
	for _, other := range counted {
		if worth(other) > worth(c) {
			better++
		}
	}
	if ok && place.You.Rank != better+1 {
		t.Errorf("%s is told to be number %d, and %d are better", who, place.You.Rank, better)
	}
	if len(place.Top) != 8 || place.Top[0].Points < place.Top[7].Points || place.Quiz != nil {
		t.Errorf("the best are %+v, the quiz %+v", place.Top, place.Quiz)
	}
}

// checkNothingLeaks looks at all that somebody got before the bell.
func checkNothingLeaks(t *testing.T, c *briotest.Client) {
	t.Helper()
	open := 0
	for _, event := range c.Events() {
		if event.Name != string(Posed) {
			continue
		}
		var q Question
		if err := event.Args.Scan(&q); err != nil {
			t.Fatal(err)
		}
		if q.Rung {
			if q.Right != 1 || len(q.Counts) != 3 {
				t.Errorf("after the bell, the question is %+v", q)
			}
			continue
		}
		open++
		if q.Right != -1 || q.Counts != nil || strings.Contains(event.String(), `"choice"`) {
			t.Errorf("before the bell, somebody gets %s", event)
		}
	}
	if open == 0 {
		t.Error("there was no question before the bell")
	}
}

// The same on a clock that nobody holds: answers race with the bell, and with each other.
func TestBellWithoutABubble(t *testing.T) {
	s := openSchool(t, site.Config{Quiet: true})
	act := func(f func()) {
		s.mu.Lock()
		defer s.mu.Unlock()
		f()
	}
	var id int64
	act(func() {
		var err error
		if id, err = s.launch(site.Person{ID: "teacher"}, sum(10)); err != nil {
			t.Fatal(err)
		}
		s.question.Bell = id + 60
	})
	var mu sync.Mutex // guards counted
	counted := map[string]Choice{}
	var running sync.WaitGroup
	for i := range 200 {
		running.Go(func() {
			who := site.Person{ID: fmt.Sprint(i / 2), Role: "student"} // two at a time
			for over := false; !over; {
				act(func() {
					c, err := s.answer(who, Choice{Question: id, Choice: i % 2})
					e, _ := errors.AsType[*brio.Error](err)
					over = s.question.Rung
					mu.Lock()
					defer mu.Unlock()
					if before, ok := counted[who.ID]; err == nil && ok && before != c || err == nil && over && !ok || err != nil && e == nil {
						t.Errorf("%s: %+v, %v; before: %+v", who.ID, c, err, before)
					}
					if err == nil {
						counted[who.ID] = c
					}
				})
			}
		})
	}
	running.Go(func() {
		for over := false; !over; act(func() { over = s.question.Rung }) {
			s.tick(time.Now(), false)
		}
	})
	running.Wait()
	if s.question.Answered != len(counted) || s.question.Counts[0]+s.question.Counts[1] != len(counted) || !cmp.Equal(s.answers, counted) {
		t.Errorf("the board has %d, %v; acknowledged were %d", s.question.Answered, s.question.Counts, len(counted))
	}
	checkStored(t, s, counted)
}
