package class

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/briohq/brio/apps/site"
)

var (
	quiz   = read[[]Question]("quiz.json")
	linde  = site.Person{ID: "~", Name: "Ms Linde", Role: "teacher"} // a tilde says that somebody is simulated
	pupils = read[[]site.Person]("pupils.json")
)

// crowd are simulated pupils, and a teacher for a class that has none.
type crowd struct {
	rand  *rand.Rand
	here  []site.Person
	plans []sheet // what they will answer, and when
	known int64   // the question that the plans are for
	asked int
}

// act lets them do what people do in a tenth of a second.
func (c *crowd) act(l *lesson, now int64, on, taught bool) {
	if c.here = nil; !on {
		return
	}
	c.here = slices.Clone(pupils)
	q, one := l.question, pupils[c.rand.IntN(len(pupils))]
	if q.ID != c.known {
		c.think(q)
	}
	for len(c.plans) > 0 && q.ID+c.plans[0].Took <= now {
		_, _ = l.answer(c.plans[0].Person, c.plans[0].Choice) // some come too late
		c.plans = c.plans[1:]
	}
	if chance := c.rand.Float64(); chance < 0.01 && len(l.hands) < 2 {
		_, _ = l.hand(one, true)
	} else if chance < 0.05 || q.Rung && now < q.Bell+2500 && chance < 0.3 {
		_, _ = l.react(one, Kinds[c.rand.IntN(len(Kinds))])
	}
	if taught {
		return
	}
	if c.here = append(c.here, linde); q.Rung && now > q.Bell+8000 {
		_, _ = l.launch(linde, quiz[c.asked%len(quiz)])
		c.asked++
	} else if len(l.hands) > 0 && c.rand.Float64() < 0.02 {
		_, _ = l.call(linde, l.hands[0].ID)
	}
}

// think has each pupil make up their mind: some are quick, and some are right.
func (c *crowd) think(q *question) {
	c.known, c.plans = q.ID, nil
	for i, p := range pupils {
		choice, skill := c.rand.IntN(len(q.Choices)), 0.35+float64(i%6)/10
		if c.rand.Float64() < skill {
			choice = q.Right
		}
		took := (0.12 + 0.5*c.rand.Float64() + 0.4*c.rand.Float64()*c.rand.Float64()) * float64(q.Seconds*1000)
		c.plans = append(c.plans, sheet{p, Choice{q.ID, choice, int64(took)}, 0})
	}
	slices.SortFunc(c.plans, func(a, b sheet) int { return cmp.Compare(a.Took, b.Took) })
}
