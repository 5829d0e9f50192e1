package chat

// history is what a room remembers: its newest messages, at most limit of
// them, numbered without a gap. The zero value with a limit is empty.
type history struct {
	limit    int
	last     uint64
	messages []Message // oldest first; never written again once appended
}

// add numbers m and keeps it, and lets go of the oldest when there are too many.
func (h *history) add(m Message) Message {
	h.last++
	m.ID = h.last
	h.messages = append(h.messages, m)
	if len(h.messages) > h.limit {
		h.messages = h.messages[1:]
	}

	return m
}

// find returns the message that this person sent under this key, if it is
// still remembered: what makes sending again harmless.
func (h *history) find(from, key string) (Message, bool) {
	for i := len(h.messages) - 1; i >= 0; i-- {
		if m := h.messages[i]; m.Key == key && m.From.ID == from {
			return m, true
		}
	}

	return Message{}, false
}

// newest returns the last n messages.
func (h *history) newest(n int) Page {
	return h.page(len(h.messages)-n, len(h.messages))
}

// before returns the n messages before a number.
func (h *history) before(id uint64, n int) Page {
	end := h.index(id)

	return h.page(end-n, end)
}

// since returns the first n messages after a number. It reports false when
// what lies between is forgotten or the number was never given.
func (h *history) since(id uint64, n int) (Page, bool) {
	if id > h.last || id+1 < h.first() {
		return Page{}, false
	}
	start := h.index(id + 1)

	return h.page(start, start+n), true
}

// first is the number of the oldest message that is remembered.
func (h *history) first() uint64 {
	return h.last + 1 - uint64(len(h.messages))
}

// index is the place of a number, or the nearest place to it.
func (h *history) index(id uint64) int {
	if id <= h.first() {
		return 0
	}

	return int(min(id-h.first(), uint64(len(h.messages))))
}

func (h *history) page(start, end int) Page {
	start, end = max(start, 0), min(end, len(h.messages))

	return Page{
		Messages: append([]Message{}, h.messages[start:end]...),
		Older:    start > 0,
		Newer:    end < len(h.messages),
	}
}
