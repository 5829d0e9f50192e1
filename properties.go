package brio

import (
	"cmp"
	"slices"
)

// properties are what is kept with a socket, by the names of their keys, in
// which they are sorted. Most sockets have few, for which a map would take ten
// times the memory.
type properties []property

type property struct {
	key   string
	value any
}

// find returns where the key is, or should be.
func (p properties) find(key string) (int, bool) {
	return slices.BinarySearchFunc(p, key, func(one property, key string) int { return cmp.Compare(one.key, key) })
}

func (p properties) get(key string) any {
	if i, ok := p.find(key); ok {
		return p[i].value
	}
	return nil
}

func (p *properties) set(key string, value any) {
	i, ok := p.find(key)
	if ok {
		(*p)[i].value = value
	} else {
		*p = slices.Insert(*p, i, property{key, value})
	}
}

func (p *properties) delete(key string) {
	if i, ok := p.find(key); ok {
		*p = slices.Delete(*p, i, i+1)
	}
}
