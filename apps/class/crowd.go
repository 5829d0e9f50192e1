package class

// simulate lets simulated people do what people do in a tenth of a second, and are refused.
func (c *Class) simulate(now int64, on, taught bool) {
	if c.here = nil; !on {
		return
	}
	c.here = append(c.here, pupils...)
	q, chance, one := c.question, c.rand.Float64(), pupils[c.rand.IntN(len(pupils))]
	for i, p := range pupils { // some are quicker, and some are right more often
		if !q.Rung && now > q.ID+1000 && c.rand.Float64()*float64(q.Seconds) < 0.2+0.02*float64(i%8) {
			choice := q.Right
			if c.rand.Float64() > 0.2+0.1*float64(i%6) {
				choice = c.rand.IntN(len(q.Choices))
			}
			_, _ = c.answer(p, Choice{Question: q.ID, Choice: choice})
		}
	}
	if chance < 0.01 && len(c.hands) < 2 {
		_, _ = c.hand(one, true)
	} else if chance < 0.05 || q.Rung && now < q.Bell+2500 && chance < 0.3 {
		_, _ = c.react(one, kinds[c.rand.IntN(len(kinds))])
	}
	if !taught {
		c.here = append(c.here, linde)
	}
	if !taught && q.Rung && now > q.Bell+8000 {
		_, _ = c.launch(linde, quiz[c.asked%len(quiz)])
		c.asked++
	} else if !taught && len(c.hands) > 0 && chance > 0.98 {
		_, _ = c.call(linde, c.hands[0].ID)
	}
}
