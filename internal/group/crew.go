package group

import "sync"

// Task is something to be done once, which may take its time.
type Task interface{ Run() }

// Crew does tasks beside each other, as if each had a goroutine of its own, with
// as few as that takes: one that has done its task goes on with the next that
// waits, rather than end and leave that to a fresh one, whose stack would have to
// grow again. As long as a task waits, a goroutine is about to take it, so that
// none waits for one that blocks.
type Crew struct {
	Group *Group

	mu     sync.Mutex // guards what follows
	tasks  []Task     // that wait, from next on
	next   int
	coming bool // a goroutine has been started that has not taken a task yet
}

// Go has a task done. It may be called concurrently.
func (c *Crew) Go(t Task) {
	c.mu.Lock()
	if len(c.tasks) == cap(c.tasks) && c.next > len(c.tasks)/2 { // rather than grow
		n := copy(c.tasks, c.tasks[c.next:])
		clear(c.tasks[n:])
		c.tasks, c.next = c.tasks[:n], 0
	}
	c.tasks = append(c.tasks, t)
	start := !c.coming
	c.coming = true
	c.mu.Unlock()
	if start {
		c.Group.Go(c.work)
	}
}

func (c *Crew) work() {
	t, start := c.take(true)
	for t != nil {
		if start {
			c.Group.Go(c.work)
		}
		t.Run()
		t, start = c.take(false)
	}
}

// take returns a task, nil if none waits, and whether another goroutine is to be
// started for the next one. first says that the caller is the one that was coming.
func (c *Crew) take(first bool) (t Task, start bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first {
		c.coming = false
	}
	if c.next == len(c.tasks) {
		return nil, false
	}
	t = c.tasks[c.next]
	c.tasks[c.next] = nil
	c.next++
	if c.next == len(c.tasks) {
		c.tasks, c.next = c.tasks[:0], 0
		if cap(c.tasks) > 1024 {
			c.tasks = nil // one burst must not keep its memory for ever
		}
		return t, false
	}
	start = !c.coming
	c.coming = true
	return t, start
}
