// Package sample has an event for each way to use one, and a field for each type.
package sample

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/contract/testdata/sample/ink"
)

// Join enters a room.
const Join brio.Call[string, []string] = "join"

const (
	// What is said: this heads the paragraph.
	Say   brio.Event[string]    = "say" // text
	Said  brio.Event[Line]      = "said"
	Leave brio.Event[brio.None] = "leave"

	// Draw has an argument of another package. */ ends no comment.
	Draw brio.Event[*ink.Line] = "draw"

	Upload   brio.Call[[]byte, brio.None]             = "upload"
	Frames   brio.Event[[][]byte]                     = "frames"
	Pages    brio.Call[Request[int], Page[Line]]      = "list pages"
	Everyone brio.Call[brio.None, Everything]         = "everything"
	Where    brio.Call[struct{ Deep bool }, Position] = "where"
	Moods    brio.Event[map[Mood][]Mood]              = "moods"
	Grow     brio.Event[Tree]                         = "grow"
	Relay    brio.Event[brio.Args]                    = "relay"
	Token    brio.Event[json.RawMessage]              = "to\"ken"
	Drop     brio.Event[Blob]                         = "drop"

	// Between servers only.
	Sync brio.Event[chan int] = "sync"

	Unused brio.Call[Mood, *Mood] = "unused"
	ByName brio.Event[Empty]      = "by-name"
)

// Line is somebody's.
type Line struct {
	From string `json:"from"`
	Text string `json:"text"`
}

// Mood is one of a few.
type Mood string

// The moods, of which one is there twice.
const (
	Good   Mood = "good"
	Bad    Mood = "bad"
	Decent Mood = Good
)

// Position is text that writes itself.
type Position struct{ x, y int }

// MarshalText writes x,y.
func (p *Position) MarshalText() ([]byte, error) { return nil, nil }

// Free writes anything.
type Free struct{}

// MarshalJSON writes what it likes.
func (Free) MarshalJSON() ([]byte, error) { return []byte("true"), nil }

// Blob is not []byte, so it is text.
type Blob []byte

// Empty has nothing.
type Empty struct{}

// Tree is recursive without a struct.
type Tree []Tree

// Request is generic.
type Request[N any] struct {
	At N `json:"at"`
}

// Page is generic, and recursive.
type Page[T any] struct {
	Items []T         `json:"items"`
	Next  *Page[T]    `json:"next"`
	Line  ink.Line    `json:"line"`
	Cover brio.Binary `json:"cover"`
}

// Base is embedded.
type Base struct {
	ID     uint64 `json:"id"`
	Hidden string `json:"name"`
}

type behind struct {
	Maybe  int
	Hidden bool
}

type left struct{ Both int }
type right struct{ Both int }

// Failure is a name that is taken.
type Failure int

// Everything has a field of each kind.
type Everything struct {
	Base
	*behind
	left
	right
	json.Number

	Name    string  `json:"name"` // hides that of Base
	Flag    bool    `json:",omitempty"`
	Float   float32 `json:"float"`
	Quoted  int64   `json:"quoted,string"`
	Texted  *string `json:"texted,string"`
	Ignored func()  `json:"-"`
	Dash    int     `json:"-,"`
	Odd     int     `json:"odd-name"`
	Invalid int     `json:"in\"valid"`
	private int

	Pointer  *Line          `json:"pointer"`
	Omitted  *Line          `json:"omitted,omitempty"`
	Twice    **Line         `json:"twice"`
	Never    Line           `json:"never,omitempty"`
	Zero     Line           `json:"zero,omitzero"`
	Slice    []*Line        `json:"slice"`
	Array    [3]Mood        `json:"array"`
	Long     [100]int       `json:"long"`
	Bytes    []byte         `json:"bytes"`
	Map      map[string]int `json:"map"`
	Numbered map[int][]Line `json:"numbered"`

	Time     time.Time       `json:"time"`
	Duration time.Duration   `json:"duration"` // for how long
	Raw      json.RawMessage `json:"raw"`
	Any      any             `json:"any"`
	Error    error           `json:"problem"`
	Big      *big.Int        `json:"big"`
	Addr     netip.Addr      `json:"addr"`
	Free     Free            `json:"free"`
	Failure  Failure         `json:"failure"`
	None     brio.None       `json:"none"`

	// Inline has no name.
	Inline struct {
		X int `json:"x"` // across
		Y int `json:"y"`
	} `json:"inline"`
	Short struct{ A, B int } `json:"short"`
}

// SetBehind sets what is embedded and can't be reached from elsewhere.
func (e *Everything) SetBehind() { e.behind = &behind{} }
