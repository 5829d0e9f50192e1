// Package apps is the showcase: every kind of live application, each in a package of
// its own that reads as an example of how to build one.
package apps

import (
	"github.com/briohq/brio/apps/board"
	"github.com/briohq/brio/apps/chat"
	"github.com/briohq/brio/apps/class"
	"github.com/briohq/brio/apps/desk"
	"github.com/briohq/brio/apps/doc"
	"github.com/briohq/brio/apps/fleet"
	"github.com/briohq/brio/apps/game"
	"github.com/briohq/brio/apps/ops"
	"github.com/briohq/brio/apps/sales"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/trading"
)

// All starts all applications on a site, in the order of their cards.
func All(s *site.Site) []site.App {
	all := []site.App{
		chat.New(s), sales.New(s), fleet.New(s), trading.New(s), class.New(s),
		board.New(s), doc.New(s), game.New(s), desk.New(s),
	}

	return append(all, ops.New(s, all...))
}
