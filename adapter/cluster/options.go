package cluster

import "github.com/briohq/brio/adapter"

// Options are [adapter.Options] as nodes on Node.js have them.
type Options struct {
	Rooms  []string `json:"rooms"` // none for everyone
	Except []string `json:"except"`
	Flags  Flags    `json:"flags"`
}

// Flags say how a packet is to reach its sockets.
type Flags struct {
	Volatile bool   `json:"volatile,omitempty"`
	Compress *bool  `json:"compress,omitempty"`
	Timeout  *int64 `json:"timeout,omitempty"` // milliseconds for acknowledgements
	Latest   string `json:"latest,omitempty"`  // brio's own
}

func newOptions(o adapter.Options) *Options {
	// Node.js makes sets of these: they have to be lists.
	w := &Options{Rooms: []string{}, Except: []string{}, Flags: Flags{Volatile: o.Volatile, Latest: o.Latest}}
	if !o.Everyone {
		w.Rooms = append(w.Rooms, o.Rooms...)
	}
	w.Except = append(w.Except, o.Except...)
	if o.Uncompressed {
		w.Flags.Compress = new(bool)
	}
	return w
}

// options returns what they select of this node.
func (w *Options) options() adapter.Options {
	if w == nil {
		return adapter.Options{Everyone: true}
	}
	return adapter.Options{
		Everyone: len(w.Rooms) == 0, Rooms: w.Rooms, Except: w.Except, Volatile: w.Flags.Volatile, Latest: w.Flags.Latest,
		Uncompressed: w.Flags.Compress != nil && !*w.Flags.Compress,
	}
}

// nobody reports whether options select no sockets, wherever they are.
func nobody(o adapter.Options) bool { return !o.Everyone && len(o.Rooms) == 0 }
